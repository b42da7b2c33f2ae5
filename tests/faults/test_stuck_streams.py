"""A real daemon whose log nobody reads, or whose standard streams are closed or full."""

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from support.daemon import DEADLINE_SECONDS, PYTHON, Daemon
from support.form import LONG, long_form
from support.proc import needs_proc

pytestmark = needs_proc

EVENT = {"v": 1, "session_id": "s", "trace_type": "tool", "name": "n", "ack": True}
CLOSED = {"all closed": ">&- 2>&- <&-"}
OTHERS = {
    "stdin closed": "<&-",
    "stdout closed": ">&-",
    "stderr closed": "2>&-",
    "outputs full": ">/dev/full 2>/dev/full",
}


@contextmanager
def full_pipe() -> Iterator[tuple[int, int]]:
    """Make a pipe without room for a byte: where it is read, and where it is written."""
    reading, writing = os.pipe()
    os.write(writing, b"\n" * fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096))
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def run(daemon: Daemon, *command: str, output: int | None) -> subprocess.Popen[bytes]:
    """Start a daemon with these outputs; no terminal is its own, so that SIGHUP is a reload."""
    return subprocess.Popen(
        command or [PYTHON, "-m", "traced", "run"],
        env=daemon.environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def work(daemon: Daemon) -> set[str]:
    """Give it reasons to log, and events; return what it answered to these."""
    assert daemon.process is not None
    answers = set()
    with daemon.connect() as client:
        for _ in range(12):
            daemon.process.send_signal(signal.SIGHUP)
            client.send(b"no JSON")
            answers.add(client.ask(EVENT)["status"])
    return answers


def names_until(log: BinaryIO, last: str) -> Iterator[str]:
    """Yield the events of a log up to this one; what is no line of the log is passed over."""
    for line in log:
        if line.startswith(b"{"):
            name = json.loads(line)["event"]
            yield name
            if name == last:
                return


def test_a_log_that_nobody_reads_holds_nothing_up(tmp_path: Path) -> None:
    """Start, greeting, acks, reloads, status and stop wait for nobody."""
    with full_pipe() as (_, writing), ExitStack() as stack:
        daemon = Daemon(tmp_path / "d")
        stack.push(daemon)
        daemon.process = run(daemon, output=writing)
        daemon.wait_until_ready()

        assert work(daemon) == {"stored"}
        assert daemon.status()["stored"] == 12
        assert daemon.stop() == 0


@long_form
def test_a_complaint_that_nobody_reads_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """A second daemon is refused, and gone."""
    with full_pipe() as (_, writing), Daemon(tmp_path / "d") as daemon:
        second = run(daemon, output=writing)
        try:
            assert second.wait(DEADLINE_SECONDS) == 1
        finally:
            second.kill()
            second.wait()


def test_a_log_that_is_read_late_is_whole(tmp_path: Path) -> None:
    """What was said meanwhile comes then, in its order, up to the last words."""
    with full_pipe() as (reading, writing), ExitStack() as stack:
        daemon = Daemon(tmp_path / "d")
        stack.push(daemon)
        daemon.process = run(daemon, output=writing)
        daemon.wait_until_ready()
        work(daemon)
        daemon.process.send_signal(signal.SIGTERM)
        with open(reading, "rb", closefd=False) as pipe:
            names = list(names_until(pipe, "stopped"))

        assert names[0] == "ready"
        assert names.count("events_rejected") == 10  # the others of a minute are only counted
        assert names[-3:] == ["stopping", "drained", "stopped"]
        assert daemon.process.wait(DEADLINE_SECONDS) == 0


@pytest.mark.parametrize("how", [*CLOSED, *OTHERS] if LONG else CLOSED)
def test_closed_and_full_streams_are_no_obstacle(tmp_path: Path, how: str) -> None:
    """It starts, serves and stops, and no file or socket of its own gets a stream's number."""
    with ExitStack() as stack:
        daemon = Daemon(tmp_path / "d")
        stack.push(daemon)
        shell = f'exec "$@" {(CLOSED | OTHERS)[how]}'
        command = ["sh", "-c", shell, "sh", PYTHON, "-m", "traced", "run"]
        daemon.process = run(daemon, *command, output=subprocess.DEVNULL)
        daemon.wait_until_ready()
        with daemon.connect() as client:
            client.send(b"no JSON")
            assert client.ask(EVENT)["status"] == "stored"
        pid = daemon.process.pid
        led = {str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in range(3)}
        assert daemon.stop() == 0

    assert led <= {"/dev/null", "/dev/full"}
    with sqlite3.connect(daemon.db) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
