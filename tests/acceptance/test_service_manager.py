import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.attach import injecting
from support.daemon import Daemon, wait_until
from support.store_room import locked_database
from support.strace import needs_strace

WATCHDOG_SECONDS = 0.4
STEP = json.dumps({"v": 1, "session_id": "s", "trace_type": "tool", "name": "n"}).encode()


class Manager:
    """What a service manager hears: `said` grows while the daemon lives."""

    def __init__(self, path: Path) -> None:
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while message := self._socket.recv(4096).decode():
            self.said.append(message)

    def hears(self, text: str, *, more_often_than: int = 0) -> None:
        """Wait until something with this text was said, or said once more."""
        wait_until(lambda: self.count(text) > more_often_than, f"{text!r} among {self.said}")

    def count(self, text: str) -> int:
        """Tell how often something with this text was said."""
        return sum(text in message for message in self.said)

    def beats_on(self) -> None:
        """Wait for beats to come."""
        self.hears("WATCHDOG=1", more_often_than=self.count("WATCHDOG=1") + 4)

    def close(self) -> None:
        """Listen no more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


@pytest.fixture
def manager(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """The manager of the daemon that the test starts; its watchdog is impatient."""
    manager = Manager(short_folder / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(short_folder / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", str(int(WATCHDOG_SECONDS * 1_000_000)))
    yield manager
    manager.close()


def test_it_is_ready_once_it_can_commit_and_listens(tmp_path: Path, manager: Manager) -> None:
    """A database that is busy at the start: more time is asked for, and READY waits."""
    with Daemon(tmp_path / "d") as daemon:
        assert daemon.stop() == 0
        manager.said.clear()
        with locked_database(daemon.db):
            daemon.launch()
            manager.hears("EXTEND_TIMEOUT_USEC=", more_often_than=1)
            manager.hears("STATUS=waiting for the database: ")
            assert manager.count("READY=1") == 0
        manager.hears("READY=1")
        daemon.send(STEP)
        assert daemon.stop() == 0

    assert manager.count("READY=1") == 1
    assert manager.said.index("READY=1") < manager.said.index("STOPPING=1")


def test_watchdog_is_fed_while_idle_and_while_it_fails(tmp_path: Path, manager: Manager) -> None:
    """A failure that the writer knows is reported, not killed."""
    with Daemon(tmp_path / "d") as daemon:
        manager.beats_on()
        with locked_database(daemon.db), daemon.connect() as client:
            client.send(STEP)
            manager.hears("STATUS=retrying; 1 queued")
            # The writer waits two seconds for the lock at each attempt, longer than this watchdog.
            manager.beats_on()
        manager.hears("STATUS=recording; 0 queued", more_often_than=1)


@needs_strace
def test_watchdog_is_not_fed_by_a_writer_that_hangs(tmp_path: Path, manager: Manager) -> None:
    """It is in a call that does not return, something waits, and the event loop is well."""
    with Daemon(tmp_path / "d") as daemon:
        manager.beats_on()
        log = daemon.db.with_name("traced.db-wal")
        with injecting(daemon.process.pid, "fdatasync", "delay_enter=20s", [log]):  # type: ignore[union-attr]
            with daemon.connect() as client:
                client.send(STEP)
                manager.hears("STATUS=recording; 1 queued")
                beats = manager.count("WATCHDOG=1")
                for _ in range(20):  # the loop answers all the while
                    threading.Event().wait(WATCHDOG_SECONDS / 4)
                    assert daemon.status()["queued"] == 1
                assert manager.count("WATCHDOG=1") <= beats + 1
            daemon.kill()
