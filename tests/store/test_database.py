import os
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiosqlite
import anyio
import pytest
from support.store import connect, writer

from traced.core.errors import StoreBusy, StoreDamaged, StoreError
from traced.store import database
from traced.store.database import Durability, checkpoint, prepare, run_in_writer_thread

PRAGMAS = {
    "journal_mode": "wal",
    "auto_vacuum": 2,  # incremental
    "synchronous": 2,  # full
    "foreign_keys": 1,
    "temp_store": 2,  # memory
    "wal_autocheckpoint": 4000,
    "journal_size_limit": 64 * 1024 * 1024,
    "busy_timeout": 100,  # until it is open
}


@asynccontextmanager
async def open_writer(path: Path, durability: Durability) -> AsyncIterator[aiosqlite.Connection]:
    """Open and prepare a connection in its own thread; close it in the end."""
    database.try_to_open(path)
    connection = await database.connect(path)
    try:
        await run_in_writer_thread(connection, prepare, connection._conn, path, durability)
        yield connection
    finally:
        await database.close(connection)


def modes(folder: Path) -> dict[str, int]:
    """Return the permission bits of what is in a folder."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def test_settings_are_in_force(tmp_path: Path) -> None:
    """What SQLite answers is what was asked for: some settings it ignores without a word."""
    async with open_writer(tmp_path / "traced.db", "power") as connection:
        for name, expected in PRAGMAS.items():
            ((value,),) = await connection.execute_fetchall(f"PRAGMA {name}")
            assert (name, value) == (name, expected)


async def test_settings_are_in_force_on_an_old_file(tmp_path: Path) -> None:
    """A database that was there already is opened the same way."""
    async with open_writer(tmp_path / "traced.db", "power"):
        pass
    await test_settings_are_in_force(tmp_path)


async def test_durability_of_the_process_leaves_out_the_sync(tmp_path: Path) -> None:
    """`process` is SQLite's NORMAL."""
    async with open_writer(tmp_path / "traced.db", "process") as connection:
        ((value,),) = await connection.execute_fetchall("PRAGMA synchronous")

    assert value == 1


async def test_files_are_private(tmp_path: Path) -> None:
    """Under the daemon's umask the database and both files beside it are their owner's alone."""
    mask = os.umask(0o077)
    async with open_writer(tmp_path / "traced.db", "power") as connection:
        await connection.execute("UPDATE ledger SET sequence = 1")
        found = modes(tmp_path)
    os.umask(mask)

    assert found == {"traced.db": 0o600, "traced.db-wal": 0o600, "traced.db-shm": 0o600}


def test_a_checkpoint_empties_the_log(tmp_path: Path) -> None:
    """A reader that only looks on does not keep the write-ahead log from going into the file."""
    path = tmp_path / "traced.db"
    with closing(writer(path)) as connection, closing(connect(path)) as reader:
        connection.execute("UPDATE ledger SET sequence = 1")
        reader.execute("SELECT * FROM ledger").fetchall()
        assert (tmp_path / "traced.db-wal").stat().st_size > 0

        assert checkpoint(connection)
        assert (tmp_path / "traced.db-wal").stat().st_size == 0


def test_a_checkpoint_tells_what_a_reader_holds_back(tmp_path: Path) -> None:
    """What it may still read is not overwritten: the log goes on holding the rest."""
    path = tmp_path / "traced.db"
    with closing(writer(path)) as connection, closing(connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM ledger").fetchall()
        connection.execute("UPDATE ledger SET sequence = 7")

        assert not checkpoint(connection)
        reader.execute("ROLLBACK")
        assert checkpoint(connection)


async def test_a_cancelled_writer_is_closed(tmp_path: Path) -> None:
    """Its thread ends whatever happens, for a process with a thread left never exits."""
    before = threading.active_count()
    with anyio.CancelScope() as scope:
        async with open_writer(tmp_path / "traced.db", "power"):
            scope.cancel()
            await anyio.sleep_forever()

    with anyio.fail_after(10):
        while threading.active_count() > before:
            await anyio.sleep(0.001)


async def test_no_database_is_told_apart(tmp_path: Path) -> None:
    """A file with anything else in it is told as damaged, and stays as it is."""
    path = tmp_path / "traced.db"
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StoreDamaged, match=r"traced\.db cannot be read.*not a database"):
        async with open_writer(path, "power"):
            pass

    assert path.read_bytes() == b"Dear diary, " * 1000


@pytest.mark.parametrize("place", ["missing/traced.db", "."])
async def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, place: str) -> None:
    """A folder that is not there, or that is named itself, is told about."""
    with pytest.raises(StoreError, match=r"cannot be opened \(unable to open.*expected a file"):
        async with open_writer(tmp_path / place, "power"):
            pass


def test_a_damaged_database_is_told_apart(tmp_path: Path) -> None:
    """A header that is whole before pages that are not does not make a database."""
    path = tmp_path / "traced.db"
    connection = connect(path)
    prepare(connection, path, "power")
    connection.close()
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 8192)
    connection = connect(path)
    with pytest.raises(StoreDamaged, match=r"cannot be read as a database.*malformed"):
        prepare(connection, path, "power")

    connection.close()


async def test_a_database_that_another_holds_is_busy(tmp_path: Path) -> None:
    """Waiting may help, so it is told apart from a database that is no good."""
    path = tmp_path / "traced.db"
    holder = connect(path)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreBusy, match=r"cannot be used just now: database is locked"):
        async with open_writer(path, "power"):
            pass
    holder.close()

    async with open_writer(path, "power"):
        pass


async def test_work_is_done_in_the_connections_thread(tmp_path: Path) -> None:
    """The private parts of aiosqlite that one hop a batch needs are still there."""

    def work(raw: sqlite3.Connection, *, factor: int) -> tuple[int, int]:
        (value,) = raw.execute("SELECT 21").fetchone()
        return value * factor, threading.get_ident()

    async with open_writer(tmp_path / "traced.db", "power") as connection:
        first = await run_in_writer_thread(connection, work, connection._conn, factor=2)
        second = await run_in_writer_thread(connection, work, connection._conn, factor=2)

    assert first == second
    assert first[0] == 42
    assert first[1] != threading.get_ident()


async def test_what_the_work_raises_is_raised(tmp_path: Path) -> None:
    """An exception comes through whole, and the connection goes on."""
    async with open_writer(tmp_path / "traced.db", "power") as connection:
        with pytest.raises(ZeroDivisionError):
            await run_in_writer_thread(connection, divmod, 1, 0)

        assert await run_in_writer_thread(connection, divmod, 7, 2) == (3, 1)
