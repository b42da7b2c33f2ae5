import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.attach import failing, injecting
from support.daemon import Daemon, wait_until
from support.store_room import locked_database
from support.strace import needs_strace

WATCHDOG_SECONDS = 0.12
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
        self.hears("WATCHDOG=1", more_often_than=self.count("WATCHDOG=1") + 2)

    def close(self) -> None:
        """Listen no more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


def pid_of(daemon: Daemon) -> int:
    """Return the process to put strace upon or to send a signal."""
    assert daemon.process is not None
    return daemon.process.pid


def log_of(daemon: Daemon) -> Path:
    """Return the file that each commit is written to."""
    return daemon.db.with_name("traced.db-wal")


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


@needs_strace
def test_watchdog_is_fed_while_idle_and_while_it_fails(tmp_path: Path, manager: Manager) -> None:
    """A failure that the writer knows is reported, not killed."""
    with Daemon(tmp_path / "d") as daemon, daemon.connect() as client:
        manager.beats_on()
        with failing(pid_of(daemon), "pwrite64", "ENOSPC", [log_of(daemon)]):
            client.send(STEP)
            manager.hears("STATUS=retrying: database or disk is full; 1 queued")
            manager.beats_on()
        manager.hears("STATUS=recording; 0 queued", more_often_than=1)


def test_watchdog_is_fed_while_it_records(tmp_path: Path, manager: Manager) -> None:
    """Each commit is progress, though something waits all the while."""
    with Daemon(tmp_path / "d") as daemon, daemon.connect() as client:
        beats = manager.count("WATCHDOG=1")
        while manager.count("WATCHDOG=1") < beats + 4:
            client.send(*[STEP] * 2000)
        client.flush()


@needs_strace
def test_watchdog_is_not_fed_by_a_writer_that_hangs(tmp_path: Path, manager: Manager) -> None:
    """It is in a call that does not return, something waits, and the event loop is well."""
    with Daemon(tmp_path / "d") as daemon:
        manager.beats_on()
        hanging = injecting(pid_of(daemon), "fdatasync", "delay_enter=20s", [log_of(daemon)])
        with hanging, daemon.connect() as client:
            client.send(STEP)
            manager.hears("STATUS=recording; 1 queued")
            beats = manager.count("WATCHDOG=1")
            for _ in range(12):  # the loop answers all the while
                threading.Event().wait(WATCHDOG_SECONDS / 4)
                assert daemon.status()["queued"] == 1
            assert manager.count("WATCHDOG=1") <= beats + 1


def test_a_reload_is_told(tmp_path: Path, manager: Manager) -> None:
    """RELOADING with the time of its begin, then READY."""
    with Daemon(tmp_path / "d") as daemon:
        os.kill(pid_of(daemon), signal.SIGHUP)
        manager.hears("READY=1", more_often_than=1)

    begin = next(message for message in manager.said if message.startswith("RELOADING=1\n"))
    assert manager.said.index(begin) < len(manager.said) - 1
    assert 0 < int(begin.partition("MONOTONIC_USEC=")[2]) <= time.monotonic_ns() // 1000
