"""Kill the daemon at exact system calls while it checkpoints, and while it stops."""

import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest
from support.daemon import Daemon, wait_until
from support.kill_points import (
    UNLINK,
    dies_at,
    fault,
    kill_at_each,
    kinds,
    new_folder,
    only_every,
)
from support.mixed_traffic import shared
from support.oracle import check_once, check_told
from support.resending import Resender
from support.snapshot import Snapshot, check_file
from support.strace import needs_strace, strace

pytestmark = [needs_strace, pytest.mark.timeout(900)]

# What an orderly end asks of the kernel: the call, and the file where it concerns one.
DRAINING = [
    (UNLINK, "traced.sock"), (UNLINK, "traced.db-wal"), (UNLINK, "traced.db-shm"),
    ("pwrite64", "traced.db-wal"), ("pwrite64", "traced.db"), ("ftruncate", "traced.db-wal"),
    ("fdatasync", "traced.db-wal"), ("fdatasync", "traced.db"),
    ("recvfrom", ""), ("sendto", ""), ("close", ""),
]  # fmt: skip
# A checkpoint begins when the log has 4,000 pages; a commit has about seven.
LOG_BYTES_NEARLY = 3500 * 4120
COMMITS = 200
DB = "traced.db"


@pytest.fixture(scope="module")
def nearly(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Resender, dict[str, str | None]]:
    """Return the folder of a killed daemon with a long log, and what its client was told."""
    daemon = Daemon(tmp_path_factory.mktemp("nearly") / "d")
    call_of: dict[str, str | None] = {}
    sender = Resender(daemon.socket, islice(shared("c", call_of), 200), 1)
    with daemon:
        sender.run(threading.Event())
        daemon.kill()
        daemon.socket.unlink()  # cannot be copied
    return daemon.folder, sender, call_of


@only_every
@pytest.mark.parametrize("kind", kinds("pwrite64", "fdatasync"))
def test_kill_during_a_checkpoint_loses_nothing_acked(tmp_path: Path, kind: str) -> None:
    """The log is copied into the file while clients stream: torn there, it is whole in the log."""

    def attempt(when: int) -> bool:
        streaming = Streaming(new_folder(tmp_path), window=1)
        return streaming.until_death(lambda: streaming.checkpoint(kind, when))

    kill_at_each(attempt)


@only_every
@pytest.mark.parametrize("kind", kinds("pwrite64", "fdatasync"))
def test_kill_during_the_checkpoint_of_a_start_loses_nothing_acked(
    tmp_path: Path, nearly: tuple[Path, Resender, dict[str, str | None]], kind: str
) -> None:
    """What a daemon copies of its killed forerunner's log may be torn, for the log stays."""
    folder, sender, call_of = nearly

    def attempt(when: int) -> bool:
        copy = new_folder(tmp_path) / "d"
        shutil.copytree(folder, copy)
        killing = strace(tmp_path / "trace", [kind], inject=[fault(kind, when)], paths=[copy / DB])
        first = Daemon(copy, around=killing)
        first.launch()
        assert first.process is not None
        was_killed = ends_before_it_is_ready(first)
        check_file(copy / DB)
        with Daemon(copy) as daemon:
            stored = Snapshot(daemon.db)
        check_once(stored, {})
        check_told(stored, [sender], call_of)
        return was_killed

    kill_at_each(attempt)


def ends_before_it_is_ready(daemon: Daemon) -> bool:
    """Tell whether the daemon was killed as it started; stop it if it was not."""
    try:
        daemon.wait_until_ready()
    except AssertionError:
        assert daemon.process is not None
        assert daemon.process.wait() == -signal.SIGKILL
        return True
    daemon.kill()
    return False


@pytest.mark.parametrize(("kind", "name"), kinds(*DRAINING))
def test_kill_during_the_drain_loses_nothing_acked(tmp_path: Path, kind: str, name: str) -> None:
    """At every step of an orderly end, from the socket's removal to the last close."""

    def attempt(when: int) -> bool:
        streaming = Streaming(new_folder(tmp_path), window=20)
        return streaming.until_death(lambda: streaming.stop(kind, name, when))

    kill_at_each(attempt)


class Streaming:
    """A daemon and a client that streams, `window` events ahead of its acks."""

    def __init__(self, folder: Path, window: int) -> None:
        self._daemon = Daemon(folder)
        self._call_of: dict[str, str | None] = {}
        self._sender = Resender(self._daemon.socket, shared("c", self._call_of), window)

    def until_death(self, die: Callable[[], None]) -> bool:
        """
        Stream until the daemon has died, then go on with the next one; tell whether it was killed.

        All that the client sent is then stored once, where its ack said.
        """
        over = threading.Event()
        with self._daemon, ThreadPoolExecutor(1) as pool:
            streaming = pool.submit(self._sender.run, over)
            try:
                die()
                code = self._process.poll()
                if code is not None:
                    check_file(self._daemon.db)
                    self._daemon.start()
            finally:
                over.set()
            streaming.result()
            stored = Snapshot(self._daemon.db)
        check_once(stored, {})
        check_told(stored, [self._sender], self._call_of)
        assert code in {None, 0, -signal.SIGKILL}
        return code == -signal.SIGKILL

    def checkpoint(self, kind: str, when: int) -> None:
        """Let the daemon write until it has checkpointed, and die of that."""
        db, process = self._daemon.db, self._process
        log = db.with_name("traced.db-wal")
        # strace makes each call slow, so that it comes only when the checkpoint is near.
        wait_until(lambda: log.stat().st_size > LOG_BYTES_NEARLY, "the log to grow")
        process.send_signal(signal.SIGSTOP)
        with dies_at(process.pid, kind, when, [db]):
            acked = len(self._sender.told)
            process.send_signal(signal.SIGCONT)
            wait_until(
                lambda: process.poll() is not None or len(self._sender.told) > acked + COMMITS,
                "a checkpoint",
            )

    def stop(self, kind: str, name: str, when: int) -> None:
        """Ask the daemon to stop while its client streams, and let it die of that."""
        wait_until(lambda: len(self._sender.told) > 100, "acks")
        paths = [self._daemon.folder / name] if name else []
        with dies_at(self._process.pid, kind, when, paths):
            self._daemon.stop()

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        process = self._daemon.process
        assert process is not None
        return process
