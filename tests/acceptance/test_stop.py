"""A real daemon is stopped: under load, against a lock that others hold, with nowhere to write."""

import json
import os
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest
from support.daemon import DEADLINE_SECONDS, Client, Daemon, Row, wait_until
from support.locker import locked_by_another
from support.proc import needs_proc, usage
from support.small_disk import full, needs_mount, small_disk

from traced.client.spool import make_name, write_file

long_form = pytest.mark.skipif(
    os.environ.get("TRACED_STOP_LONG") != "1", reason="part of the long form: TRACED_STOP_LONG=1"
)
DRAIN_SECONDS_MAX = 0.5
# Beside the drain: one wait of SQLite for the lock (2 s), and a machine busy with other tests.
OVERTIME_SECONDS_MAX = 4.0
ON_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(os.open(sys.argv[1], os.O_RDWR), termios.TIOCSCTTY, 0)
os.execv(sys.argv[2], sys.argv[2:])
"""


def log_lines(daemon: Daemon, event: str) -> list[Row]:
    """The lines of the log about one thing."""
    lines = daemon.log.read_text().splitlines()
    told: list[Row] = [json.loads(line) for line in lines if line.startswith("{")]
    return [line for line in told if line["event"] == event]


def last_words(daemon: Daemon) -> Row:
    """The counts of the last stop, which must add up."""
    line = log_lines(daemon, "drained")[-1]
    ended = sum(line[way] for way in ("stored", "duplicate", "ignored", "rejected", "discarded"))
    assert line["received"] == ended + line["queued"], line
    return line


def stop(daemon: Daemon) -> tuple[int, float]:
    """Stop it; return the exit code and how long that took."""
    began = time.monotonic()
    code = daemon.stop()
    return code, time.monotonic() - began


def native(number: int, session: str = "s", **more: object) -> Row:
    """An event whose name tells its number."""
    return {"v": 1, "session_id": session, "trace_type": "tool", "name": f"n{number}", **more}


class HastyDaemon(Daemon):
    """One that drains for half a second only."""

    @property
    def environment(self) -> dict[str, str]:
        """The user's environment, with that setting."""
        return super().environment | {"TRACED_DRAIN_SECONDS_MAX": str(DRAIN_SECONDS_MAX)}

    def with_database_in(self, folder: Path) -> Self:
        """Have the database somewhere else than the spool."""
        self.db = folder / "traced.db"
        return self


def every_kind(client: Client) -> None:
    """Send one of each kind of line: four events and one that is rejected."""
    client.send_json(
        native(1),
        {"v": 1, "session_id": "s", "lifecycle": "prompt", "prompt": "p"},
        {"v": 1, "payload": {"hook_event_name": "UserPromptSubmit", "session_id": "c"}},
        {"hook_event_name": "UserPromptSubmit", "session_id": "c", "prompt": "bare"},
        native(2, ack=True, event_id="e2"),
    )
    client.send(b"garbage")


@contextmanager
def cannot_be_written(daemon: Daemon, how: str) -> Iterator[None]:
    """Keep the daemon from writing its database for the length of the block."""
    with full(daemon.db.parent) if how == "full" else locked_by_another(daemon.db):
        yield


@needs_mount
@pytest.mark.parametrize("how", ["full", pytest.param("locked", marks=long_form)])
def test_what_cannot_be_stored_at_a_stop_is_stored_by_the_next_start(
    tmp_path: Path, how: str
) -> None:
    """Each line once, in order, the rejected one too; meanwhile the files are private."""
    daemon = HastyDaemon(tmp_path / "d")
    with small_disk(tmp_path / "disk") as disk, ExitStack() as stack:
        (disk / "traced-index.db").mkdir()  # a companion's log would make room when it is closed
        stack.enter_context(daemon.with_database_in(disk))
        with cannot_be_written(daemon, how), daemon.connect() as client:
            every_kind(client)
            wait_until(lambda: daemon.status()["queued"] == 6, "all to be read")
            code, seconds = stop(daemon)
        words = last_words(daemon)
        files = sorted(daemon.spool.iterdir())

        assert (code, seconds < DRAIN_SECONDS_MAX + OVERTIME_SECONDS_MAX) == (0, True)
        assert (words["received"], words["queued"], words["discarded"]) == (6, 6, 0)
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        assert daemon.steps() == []

        daemon.start()
        wait_until(lambda: daemon.status()["received"] == 6, "all to be taken in")
        wait_until(lambda: not list(daemon.spool.iterdir()), "the spool to be empty")
        status = daemon.status()
        assert (status["stored"], status["rejected"]) == (5, {"not_json": 1})
        assert [(step["name"], step["step_order"]) for step in daemon.steps()] == [
            ("n1", 1),
            ("n2", 2),
        ]
        assert [(row["session_id"], row["prompt_number"]) for row in daemon.rows("prompts")] == [
            ("s", 1),
            ("c", 1),
            ("c", 2),
        ]
        assert [row["reason"] for row in daemon.rows("rejected_events")] == ["not_json"]
        answer = {"status": "duplicate", "step_order": 2}
        with daemon.connect() as client:
            again = client.ask(native(2, ack=True, event_id="e2"))
            assert {key: again[key] for key in answer} == answer
        daemon.stop()


def daemon_stalls(daemon: Daemon) -> None:
    """Send an event that cannot be written, and wait until the daemon has noticed."""
    with daemon.connect() as client:
        client.send_json(native(99, "first"))
        wait_until(lambda: daemon.status()["state"] == "retrying", "the daemon to notice")


@long_form
@needs_mount
def test_what_waits_in_the_kernel_while_nothing_can_be_written_is_kept(tmp_path: Path) -> None:
    """A stalled daemon reads nobody; at its stop it reads all and hands it back."""
    daemon = HastyDaemon(tmp_path / "d")
    with small_disk(tmp_path / "disk") as disk, daemon.with_database_in(disk):
        with full(disk), ExitStack() as clients:
            daemon_stalls(daemon)
            for number in range(20):
                client = clients.enter_context(daemon.connect())
                client.send_json(native(number, f"s{number}"))
            assert daemon.stop() == 0
        assert last_words(daemon)["queued"] == 21
        daemon.start()

        wait_until(lambda: len(daemon.steps()) == 21, "all to be taken in")
        assert {step["name"] for step in daemon.steps()} == {f"n{n}" for n in [*range(20), 99]}
        daemon.stop()


@needs_mount
def test_what_no_folder_has_room_for_is_told_by_a_row(tmp_path: Path) -> None:
    """Nothing can be written at all: exit 1, and the next start has a row of how many."""
    with small_disk(tmp_path / "disk") as disk, ExitStack() as stack:
        (disk / "traced-index.db").mkdir()  # a companion would make room when it is closed
        daemon = stack.enter_context(HastyDaemon(disk))
        with full(disk), daemon.connect() as client:
            client.send_json(*(native(number) for number in range(7)))
            wait_until(lambda: daemon.status()["queued"] == 7, "all to be read")
            assert daemon.stop() == 1
        assert last_words(daemon)["discarded"] == 7
        daemon.start()
        wait_until(lambda: bool(daemon.rows("rejected_events")), "the row")

        (row,) = daemon.rows("rejected_events")
        assert (row["kind"], row["reason"], row["count"]) == ("discarded", "shutdown", 7)
        assert daemon.steps() == []
        assert daemon.status()["discarded"] == {"shutdown": 7}
        daemon.stop()


class Stream(threading.Thread):
    """A client that sends without waiting; `sent` lines are whole in the kernel, or further."""

    def __init__(self, path: Path, session: str) -> None:
        super().__init__(daemon=True)
        self.session = session
        self.sent = 0
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.settimeout(DEADLINE_SECONDS)
        self._sock.connect(str(path))

    def run(self) -> None:
        """Send until the daemon is gone; count what the kernel took whole."""
        with self._sock, suppress(OSError):
            while True:
                line = json.dumps(native(self.sent, self.session)).encode() + b"\n"
                self._sock.sendall(line)
                self.sent += 1


@long_form
def test_a_stop_under_load_keeps_all_that_was_sent_before(tmp_path: Path) -> None:
    """32 clients stream without waiting: of each a beginning is stored that has all of before."""
    with Daemon(tmp_path / "d") as daemon:
        streams = [Stream(daemon.socket, f"s{number}") for number in range(32)]
        for stream in streams:
            stream.start()
        wait_until(lambda: all(stream.sent > 50 for stream in streams), "streams to run")
        before = [stream.sent for stream in streams]
        assert daemon.stop() == 0
        for stream in streams:
            stream.join(DEADLINE_SECONDS)
        words = last_words(daemon)
        assert not daemon.db.with_name("traced.db-wal").exists()
        steps = daemon.rows("execution_traces")

        counts = {stream.session: 0 for stream in streams}
        for step in sorted(steps, key=lambda step: (step["session_id"], step["step_order"])):
            assert step["name"] == f"n{counts[step['session_id']]}"
            counts[step["session_id"]] += 1
        for stream, sent_before in zip(streams, before, strict=True):
            assert sent_before <= counts[stream.session] <= stream.sent + 1
        assert (words["queued"], words["stored"]) == (0, len(steps))


def test_with_its_terminal_it_ends_as_it_should(tmp_path: Path) -> None:
    """The window is closed: SIGHUP stops it with everything stored."""
    terminal, other = os.openpty()
    around = [sys.executable, "-c", ON_TERMINAL, os.ttyname(other)]
    with Daemon(tmp_path / "d", around=around) as daemon:
        os.close(other)
        with daemon.connect() as client:
            client.send_json(native(1))
            os.close(terminal)
            assert daemon.process
            assert daemon.process.wait(DEADLINE_SECONDS) == 0

        assert [step["name"] for step in daemon.steps()] == ["n1"]
        assert [line["name"] for line in log_lines(daemon, "signal")] == ["SIGHUP"]


@long_form
def test_a_database_that_is_free_again_in_time_takes_all(tmp_path: Path) -> None:
    """Who holds the lock lets go while the daemon stops: nothing has to be handed back."""
    with Daemon(tmp_path / "d") as daemon:
        other = sqlite3.connect(daemon.db, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        daemon_stalls(daemon)
        assert daemon.process
        daemon.process.terminate()
        wait_until(lambda: bool(log_lines(daemon, "stopping")), "the stop to begin")
        other.execute("ROLLBACK")
        other.close()

        assert daemon.process.wait(DEADLINE_SECONDS) == 0
        assert [step["name"] for step in daemon.steps()] == ["n99"]
        assert last_words(daemon)["queued"] == 0


@needs_proc
def test_a_stop_does_not_wait_for_a_huge_spool_file(tmp_path: Path) -> None:
    """A million tiny lines: what was read is stored, the file stays, and memory did not grow."""
    with Daemon(tmp_path / "d") as daemon:
        assert daemon.process is not None
        before = usage(daemon.process.pid).rss_bytes
        huge = write_file(daemon.spool / make_name(1, 1, "ab"), b"{}\n" * 1_000_000)
        wait_until(lambda: sum(daemon.status()["rejected"].values()) > 5000, "the file to be read")
        grown = usage(daemon.process.pid).rss_bytes - before
        code, seconds = stop(daemon)

        assert (code, seconds < OVERTIME_SECONDS_MAX) == (0, True)
        assert last_words(daemon)["queued"] == 0
        assert list(daemon.spool.iterdir()) == [huge]
        assert grown < 64 << 20
