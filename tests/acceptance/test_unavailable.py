import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from support.daemon import Daemon
from support.damage import acked, every_damage, lines, recorded, streams, wait_for_line
from support.streams import check_steps

needs_mount = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None,
    reason="a file system of its own, remounted read-only, needs root and mount",
)


@contextmanager
def held(db: Path) -> Iterator[None]:
    """Hold a database as no program of traced ever does."""
    with closing(sqlite3.connect(db, isolation_level=None)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        yield


def mount(*arguments: object) -> bool:
    """Mount something; return whether that could be done."""
    command = ["mount", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def own_file_system(folder: Path) -> Iterator[Path]:
    """Give the block a small file system of its own."""
    folder.mkdir(mode=0o700)
    if not mount("-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", folder):
        pytest.skip("this root may not mount a file system, as in most containers")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def killed_in_the_end(daemon: Daemon) -> Iterator[None]:
    """Leave no process behind."""
    try:
        yield
    finally:
        daemon.__exit__()


def hooks_would_spool(daemon: Daemon) -> bool:
    """Tell whether nobody can connect."""
    try:
        daemon.connect().close()
    except OSError:
        return True
    return False


def test_a_database_that_another_holds_at_the_start_is_waited_for(short_folder: Path) -> None:
    """It says so once, lets nobody connect, and is ready by itself."""
    folder = short_folder / "d"
    recorded(folder)
    daemon = Daemon(folder)
    with ExitStack() as stack, ExitStack() as lock:
        lock.enter_context(held(daemon.db))
        stack.enter_context(killed_in_the_end(daemon))
        daemon.launch()
        line = wait_for_line(daemon, "database_unavailable")
        assert line["level"] == "error"
        assert line["error"].endswith("database is locked")
        assert hooks_would_spool(daemon)
        lock.close()
        daemon.wait_until_ready()
        with streams(daemon, "c") as clients:
            told = acked(clients, rounds=1)
        assert len(lines(daemon, "database_unavailable")) == 1
        assert set(told) <= {step["event_id"] for step in daemon.steps()}
        assert daemon.stop() == 0


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=every_damage)]
)
def test_a_signal_ends_the_wait(short_folder: Path, number: signal.Signals) -> None:
    """At once, and not as a failure."""
    folder = short_folder / "d"
    recorded(folder)
    daemon = Daemon(folder)
    with held(daemon.db), killed_in_the_end(daemon):
        daemon.launch()
        wait_for_line(daemon, "database_unavailable")
        began = time.monotonic()

        assert daemon.stop(number) == 0
        assert time.monotonic() - began < 5  # the longest pause between two attempts
    assert not daemon.socket.exists()


@every_damage
def test_what_waiting_cannot_mend_is_told_and_ends_it(short_folder: Path) -> None:
    """Another program's database, or a newer one: left as it is, exit 1."""
    folder = short_folder / "d"
    db = recorded(folder)
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    content = db.read_bytes()
    daemon = Daemon(folder)
    ended = daemon.traced("run")

    assert ended.returncode == 1
    assert b"schema version 9999" in ended.stderr
    assert b"upgrade" in ended.stderr
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA application_id = 1")
    ended = daemon.traced("run")
    assert ended.returncode == 1
    assert b"another program's database" in ended.stderr
    assert len(db.read_bytes()) == len(content)
    assert list(folder.glob("*corrupt*")) == []


@needs_mount
@every_damage
def test_a_read_only_disk_is_waited_for(short_folder: Path) -> None:
    """Neither found at the start nor while it runs does it end the daemon or cost an event."""
    with own_file_system(short_folder / "disk") as disk:
        recorded(short_folder / "d")
        shutil.copy(short_folder / "d" / "traced.db", disk / "traced.db")
        daemon = Daemon(short_folder / "d")
        daemon.db = disk / "traced.db"
        assert mount("-o", "remount,ro", disk)
        daemon.launch()
        with killed_in_the_end(daemon):
            wait_for_line(daemon, "database_unavailable")
            assert hooks_would_spool(daemon)
            assert mount("-o", "remount,rw", disk)
            daemon.wait_until_ready()
            with streams(daemon, "c") as clients:
                told = acked(clients, rounds=1)
            assert set(told) <= {step["event_id"] for step in daemon.steps()}


@needs_mount
@every_damage
def test_a_full_disk_at_the_start_is_waited_for(short_folder: Path) -> None:
    """Ready means that a commit was possible, so it waits for room."""
    with own_file_system(short_folder / "disk") as disk:
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        daemon = Daemon(short_folder / "d")
        daemon.db = disk / "traced.db"
        daemon.launch()
        with killed_in_the_end(daemon):
            assert "full" in wait_for_line(daemon, "database_unavailable")["error"]
            filler.unlink()
            daemon.wait_until_ready()
            with streams(daemon, "c") as clients:
                told = acked(clients, rounds=1)
            check_steps(daemon.steps(), told.values())
