import os
import signal
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.daemon import Daemon, wait_until
from support.damage import (
    acked,
    copy_of,
    event_ids,
    every_damage,
    in_flight,
    lines,
    recorded,
    set_aside,
    spoil,
    streams,
    witness,
)
from support.proc import needs_proc
from support.settled import settle
from support.streams import check_file, check_steps

PAGE_BYTES = 4096


def garbage(folder: Path) -> None:
    """Put something that never was a database in its place."""
    folder.mkdir(mode=0o700)
    (folder / "traced.db").write_bytes(b"Dear diary, " * 1000)
    (folder / "traced.db").chmod(0o600)


def truncated(folder: Path) -> None:
    """Cut a database in the middle of a page."""
    os.truncate(recorded(folder), 10 * PAGE_BYTES + 100)


def zeroed(folder: Path) -> None:
    """Overwrite the header of a database with zeros."""
    with recorded(folder).open("r+b") as file:
        file.write(bytes(100))


@pytest.mark.parametrize(
    "damage",
    [
        garbage,
        pytest.param(truncated, marks=every_damage),
        pytest.param(zeroed, marks=every_damage),
    ],
)
def test_a_damaged_file_at_the_start_is_set_aside(
    short_folder: Path, damage: Callable[[Path], None]
) -> None:
    """It is kept as it was under a name that the log tells, and a new one takes all events."""
    folder = short_folder / "d"
    damage(folder)
    content = (folder / "traced.db").read_bytes()
    with Daemon(folder) as daemon, streams(daemon, "after") as clients:
        told = acked(clients)

        (kept,) = set_aside(daemon)
        (line,) = lines(daemon, "database_set_aside")
        assert line["kept_as"] == str(kept)
        assert line["level"] == "error"
        assert kept.read_bytes() == content
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert stat.S_IMODE(daemon.db.stat().st_mode) == 0o600
        check_steps(daemon.steps(), told.values())
        assert daemon.stop() == 0
    check_file(daemon.db)


def test_pages_that_are_overwritten_while_it_runs(short_folder: Path) -> None:
    """No ack is for a row in the damaged file; it is set aside, and the senders notice nothing."""
    folder = short_folder / "d"
    recorded(folder)
    with Daemon(folder) as daemon, streams(daemon, "during") as clients:
        spoil(daemon.db, PAGE_BYTES)
        told = acked(clients)

        (kept,) = set_aside(daemon)
        assert [line["kept_as"] for line in lines(daemon, "database_set_aside")] == [str(kept)]
        assert lines(daemon, "writer_stalled")
        assert lines(daemon, "writer_recovered")
        assert daemon.status()["state"] == "ok"
        daemon.kill()
    check_steps(daemon.steps(), told.values())
    check_file(daemon.db)


@pytest.mark.parametrize(
    "left_bytes",
    [
        pytest.param(0, marks=every_damage),
        10 * PAGE_BYTES + 100,
        pytest.param(30 * PAGE_BYTES, marks=every_damage),
    ],
)
def test_a_database_that_is_cut_short_while_it_runs(short_folder: Path, left_bytes: int) -> None:
    """No ack is for a row in what is left of it; that is set aside, and nobody else notices."""
    folder = short_folder / "d"
    recorded(folder)
    with Daemon(folder) as daemon, streams(daemon, "before") as clients:
        acked(clients)
        os.truncate(daemon.db, left_bytes)
        with streams(daemon, "after") as later:
            told = acked(later)

        (kept,) = set_aside(daemon)
        assert [line["kept_as"] for line in lines(daemon, "database_set_aside")] == [str(kept)]
        assert daemon.status()["state"] == "ok"
        daemon.kill()
    check_steps(daemon.steps(), told.values())
    check_file(daemon.db)


def test_a_database_that_another_program_makes_smaller(short_folder: Path) -> None:
    """VACUUM is no damage: what was acked before and after is in the file."""
    with Daemon(short_folder / "d") as daemon, streams(daemon, "c") as clients:
        acked(clients)
        size = daemon.db.stat().st_size
        with closing(sqlite3.connect(daemon.db)) as other:
            other.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(1000000));")
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            acked(clients)
            assert daemon.db.stat().st_size > size + 1_000_000
            other.executescript("DROP TABLE t; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        assert daemon.db.stat().st_size < size + 500_000
        told = acked(clients)

        assert daemon.status()["state"] == "ok"
        assert daemon.stop() == 0
        assert lines(daemon, "database_damaged") == []
    check_steps(daemon.steps(), told.values())
    check_file(daemon.db)


@every_damage
def test_a_header_that_is_overwritten_while_it_runs(short_folder: Path) -> None:
    """Each ack is for a row that is in the database after the daemon was killed."""
    folder = short_folder / "d"
    recorded(folder)
    with Daemon(folder) as daemon, streams(daemon, "during") as clients:
        acked(clients)
        spoil(daemon.db, 0, 100)
        told = acked(clients)
        daemon.kill()
        daemon.start()
        with streams(daemon, "after") as later:
            told |= acked(later)
        files = [daemon.db, *set_aside(daemon)]
        assert daemon.stop() == 0
    assert set(told) <= set().union(*map(event_ids, files))
    check_file(daemon.db)


@pytest.mark.parametrize(
    "suffixes",
    [
        pytest.param(["-wal"], marks=every_damage),
        pytest.param(["-shm"], marks=every_damage),
        ["-wal", "-shm"],
    ],
    ids=" and ".join,
)
@needs_proc
def test_a_log_that_is_deleted_while_it_runs(short_folder: Path, suffixes: list[str]) -> None:
    """What was acked before and after is in the database, though the daemon is killed then."""
    with Daemon(short_folder / "d") as daemon, streams(daemon, "c") as clients:
        acked(clients)
        assert daemon.process is not None
        settle(daemon.process.pid)  # the companion's writer has all of them open too
        in_flight(clients)
        for suffix in suffixes:
            daemon.db.with_name(daemon.db.name + suffix).unlink()
        in_flight(clients)
        told = acked(clients)
        daemon.kill()

        assert "gone" in lines(daemon, "database_moved")[0]["found"]
        assert len(told) == sum(len(each.sent) for each in clients)
        check_steps(daemon.steps(), told.values())
    check_file(daemon.db)


def test_a_log_that_is_deleted_while_somebody_reads(short_folder: Path) -> None:
    """
    Nothing is acked that rests on a log without a head, as long as the reader keeps its index.

    What was committed and could not be answered is committed again, and answered as `duplicate`.
    """
    with Daemon(short_folder / "d") as daemon, streams(daemon, "c") as clients:
        acked(clients)
        with closing(sqlite3.connect(daemon.db, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM step").fetchone()
            daemon.db.with_name("traced.db-wal").unlink()
            in_flight(clients)
            wait_until(lambda: bool(lines(daemon, "database_moved")), "the daemon to notice")
        for each in clients:
            each.receive("duplicate")
        in_flight(clients)
        told = acked(clients)
        daemon.kill()

        assert len(told) == sum(len(each.sent) for each in clients)
        check_steps(daemon.steps(), told.values())
    check_file(daemon.db)


@every_damage
def test_a_database_that_is_deleted_while_it_runs(short_folder: Path) -> None:
    """A new one is made; what is acked after that is in it, the rest in the deleted file."""
    with Daemon(short_folder / "d") as daemon, streams(daemon, "c") as clients:
        acked(clients)
        old = witness(daemon.db)
        in_flight(clients)
        daemon.db.unlink()
        with streams(daemon, "later") as later:
            in_flight(later)
            told, told_later = acked(clients), acked(later)
        daemon.kill()

        assert lines(daemon, "database_moved")[0]["found"].startswith("database is gone")
        check_file(daemon.db)
        new = event_ids(daemon.db)
        assert set(told_later) <= new
        assert set(told) <= new | event_ids(old)
        check_steps(daemon.steps(), told_later.values())


def test_a_database_that_is_replaced_while_it_runs(short_folder: Path) -> None:
    """What was restored goes on, with all that is acked from then; the rest is in the old file."""
    with Daemon(short_folder / "d") as daemon, streams(daemon, "c") as clients:
        restored = set(acked(clients))
        copy = copy_of(daemon.db, "copy.db")
        acked(clients)
        old = witness(daemon.db)
        in_flight(clients)
        copy.rename(daemon.db)
        with streams(daemon, "later") as later:
            in_flight(later)
            told, told_later = acked(clients), acked(later)
        daemon.kill()

        assert lines(daemon, "database_moved")[0]["found"].startswith("database is another file")
        check_file(daemon.db)
        new = event_ids(daemon.db)
        assert restored <= new
        assert set(told_later) <= new
        assert set(told) <= new | event_ids(old)
    check_file(old)


def test_everything_of_the_database_is_deleted_while_it_runs(short_folder: Path) -> None:
    """Its lock is taken anew with it: a second daemon is refused as before."""
    with Daemon(short_folder / "d") as daemon, streams(daemon, "c") as clients:
        acked(clients)
        for path in daemon.folder.glob("traced.db*"):
            path.unlink()
        with streams(daemon, "later") as later:
            told = acked(later)

        second = daemon.traced("run", "--socket", str(short_folder / "other.sock"))
        assert second.returncode == 1
        assert b"in use by another traced" in second.stderr
        assert daemon.stop(signal.SIGTERM) == 0
    check_steps(daemon.steps(), told.values())
