"""
The database file, opened for the one writer.

Law: it is left as it is until it is known to be traced's; whoever then holds the connection has a
database of the program's version, in WAL mode, with the durability that was asked for.
"""

import os
import re
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Literal, ParamSpec, TypeVar

import aiosqlite
import anyio

from traced.core.errors import StoreBroken, StoreDamaged, StoreError
from traced.store.faults import of_a_file, of_opening, told_as_busy
from traced.store.files import WAL, beside
from traced.store.migrate import PACKAGED, check_version, migrate, read_migrations

Durability = Literal["power", "process"]
P = ParamSpec("P")
T = TypeVar("T")

# STRICT came with 3.37, json_each's path arguments and UPSERT long before.
SQLITE_VERSION_MIN: Final = (3, 37, 0)
# 4,000 pages of 4 KiB: 12 % less wall time an event than the default of 1,000, and batches still
# commit within 31 ms at p99; 16,000 gave 5 % more and 80 ms (2 cores, ext4).
WAL_AUTOCHECKPOINT_PAGES: Final = 4000
# The pages that a batch changes: those of its rows, and for each session one of each index.
CACHE_KIB: Final = 4 * 1024
WAL_BYTES_MAX: Final = 64 * 1024 * 1024
BUSY_SECONDS_MAX: Final = 2.0
# The caller that opens it retries by itself, and notices signals in between.
OPENING_SECONDS_MAX: Final = 0.1
# More than the statements of the store in all their sizes, so that none is prepared twice.
STATEMENTS_CACHED_MAX: Final = 256
LOG_CHUNK_BYTES: Final = 1024 * 1024

# What a log begins with (sqlite.org/fileformat2.html, section 4.1).
_LOG_HEADS: Final = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
# What `quick_check` says of a page that it did not get, with SQLite's code of why.
_UNREAD_PAGE: Final = re.compile(r"unable to get the page\. error code=([0-9]+)")


def try_to_open(path: Path) -> None:
    """
    Open and close it once; an empty file is there afterwards if there was none.

    Where opening fails, aiosqlite does not wait for its thread, which then finds no loop.

    Raises:
        StoreError: If it cannot be opened.
    """
    try:
        sqlite3.connect(path).close()
    except sqlite3.DatabaseError as error:
        raise of_opening(path, error) from error


async def connect(path: Path) -> aiosqlite.Connection:
    """Open the connection that `prepare` makes the writer's; `try_to_open` came before."""
    return await aiosqlite.connect(
        path,
        isolation_level=None,
        timeout=OPENING_SECONDS_MAX,
        cached_statements=STATEMENTS_CACHED_MAX,
    )


async def close(connection: aiosqlite.Connection) -> None:
    """Close a connection and end its thread, whatever state it is in."""
    with anyio.CancelScope(shield=True), suppress(sqlite3.Error, ValueError):
        await connection.close()


def prepare(
    connection: sqlite3.Connection,
    path: Path,
    durability: Durability,
    migrations: Traversable = PACKAGED,
) -> None:
    """
    Make a connection in autocommit mode the writer's, in its own thread.

    ``power`` survives a power cut after each commit, ``process`` only the death of this process.

    Raises:
        StoreError: If the library is too old, or the file cannot be opened, is newer than the
            program, or another program's.
        StoreDamaged: If it is no sound database.
        StoreBusy: If it cannot be used just now: another process holds it, the disk is full.
    """
    if sqlite3.sqlite_version_info < SQLITE_VERSION_MIN:
        raise StoreError(
            f"SQLite is {sqlite3.sqlite_version}, expected 3.37 or newer:"
            " use a Python that is linked to a newer SQLite"
        )
    scripts = read_migrations(migrations)
    try:
        check_version(connection, path, newest=max(scripts))
        # auto_vacuum is ignored without a word once the file is in WAL mode.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _use_wal(connection, path)
        if durability == "power":
            _make_log_last(connection, beside(path.resolve(), WAL))
        connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power' else 'NORMAL'}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_AUTOCHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        migrate(connection, path, scripts)
        connection.execute("PRAGMA foreign_keys = ON")
        # A statement of many rows that could fail keeps each page as it was, in a temporary file:
        # 1.1 pages an event, 4 µs of system time. Not for migrations, which may sort a table.
        connection.execute("PRAGMA temp_store = MEMORY")
    except sqlite3.DatabaseError as error:
        raise of_opening(path, error) from error
    except OSError as error:
        raise of_a_file(f"{path} cannot be copied before it is migrated", error) from error


def be_patient(connection: sqlite3.Connection, seconds_max: float) -> None:
    """Let its statements wait at most this long for another process."""
    connection.execute(f"PRAGMA busy_timeout = {int(seconds_max * 1000)}")


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(
            f"{path} has journal mode {mode}, expected wal: its file system lets processes share"
            " no memory, as network drives do; put the database on a local disk"
        )


def _make_log_last(connection: sqlite3.Connection, log: Path) -> None:
    """
    Rewrite the log that an earlier run left, byte for byte, and sync it.

    A sync that failed in that run may have left parts of it in memory only, in pages that the
    kernel takes for written: later syncs succeed without them, and after a power cut the log would
    end there. The lock keeps other writers out meanwhile.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        descriptor = os.open(log, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            offset = 0
            while data := os.pread(descriptor, LOG_CHUNK_BYTES, offset):
                offset += os.pwrite(descriptor, data, offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:  # there was none
        return
    except OSError as error:
        raise of_a_file(f"{log} cannot be written", error) from error
    finally:
        connection.execute("ROLLBACK")


def checkpoint(connection: sqlite3.Connection) -> bool:
    """
    Bring what is committed from the log into the file; return whether all of it is there now.

    It is not where a reader still needs what would be written over.

    Raises:
        StoreBusy: If it cannot be done.
    """
    with told_as_busy():
        busy, frames, copied = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy or (frames >= 0 and frames == copied)


def copy_log(connection: sqlite3.Connection) -> bool:
    """
    Bring the log into the file as far as no reader is in the way; return whether that is all of it.

    Raises:
        StoreBusy: If it cannot be done.
    """
    with told_as_busy():
        _, frames, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return bool(frames == copied)


def has_head(log: Path) -> bool:
    """
    Tell whether a log begins as one; an empty one does.

    Where a log was deleted while others read, its index lives on, and SQLite goes on behind what
    the index knows of, in a new file without a head: after a crash none of that is found again.
    """
    try:
        with log.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise of_a_file(f"{log} cannot be read", error) from error
    return not head or head in _LOG_HEADS


def check_size(connection: sqlite3.Connection, main_bytes: int) -> None:
    """
    Read the database through if its main file became smaller than all its pages.

    As a rule somebody cut it short, for a checkpoint cuts it to just that size. But the log may
    hold pages that came after another's VACUUM: then all is well.

    Raises:
        StoreDamaged: See `check_all`.
        StoreBusy: See `check_all`.
    """
    with told_as_busy():
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    if main_bytes < pages * page_bytes:
        check_all(connection)


def check_all(connection: sqlite3.Connection) -> None:
    """
    Read the database through, from the disk; what is in memory still could hide what is not there.

    Raises:
        StoreDamaged: If a part is missing or makes no sense.
        StoreBusy: If it cannot be read just now.
    """
    with told_as_busy():
        connection.execute("PRAGMA shrink_memory")
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found == "ok":
        return
    told = " ".join(str(found).split())
    unread = _UNREAD_PAGE.search(told)
    if unread and int(unread[1]) & 0xFF == sqlite3.SQLITE_IOERR:
        raise StoreBroken(told)  # the disk did not read it: what it holds nobody knows
    raise StoreDamaged(told)


async def run_in_writer_thread(
    connection: aiosqlite.Connection, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """
    Run a function in the connection's own thread: one hop for a whole batch.

    The public API would take a hop for each statement, 61 µs a batch against 20 for one.
    `Connection._execute` is private, so the dependency is held below 0.23 and a test watches it.
    """
    execute: Callable[[Callable[[], T]], Awaitable[T]] = connection._execute  # noqa: SLF001
    return await execute(partial(function, *args, **kwargs))
