"""
The database file, opened for the one writer.

Law: it is left as it is until it is known to be traced's; whoever then holds the connection has a
database of the program's version, in WAL mode, with the durability that was asked for.
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Literal, ParamSpec, TypeVar

import aiosqlite
import anyio

from traced.core.errors import StoreBusy, StoreError
from traced.store.migrate import PACKAGED, check_version, migrate, read_migrations

Durability = Literal["power", "process"]
P = ParamSpec("P")
T = TypeVar("T")

# STRICT came with 3.37, json_each's path arguments and UPSERT long before.
SQLITE_VERSION_MIN: Final = (3, 37, 0)
# 4,000 pages of 4 KiB: 12 % less wall time an event than the default of 1,000, and batches still
# commit within 31 ms at p99; 16,000 gave 5 % more and 80 ms (2 cores, ext4).
WAL_AUTOCHECKPOINT_PAGES: Final = 4000
WAL_BYTES_MAX: Final = 64 * 1024 * 1024
BUSY_SECONDS_MAX: Final = 2.0
# More than the statements of the store in all their sizes, so that none is prepared twice.
STATEMENTS_CACHED_MAX: Final = 256
PRIMARY_CODE_MASK: Final = 0xFF  # an extended result code holds the primary one in its low byte


@asynccontextmanager
async def open_writer(
    path: Path, durability: Durability, migrations: Traversable = PACKAGED
) -> AsyncIterator[aiosqlite.Connection]:
    """
    Open the one connection that writes; leaving checkpoints the log into the file and closes it.

    ``power`` survives a power cut after each commit, ``process`` only the death of this process.

    Raises:
        StoreError: If the library is too old, or the file cannot be opened, is newer than the
            program, another program's, or no database.
        StoreBusy: If the database cannot be used just now: another process holds it, the disk is
            full.
    """
    _try_to_open(path)
    connection = await aiosqlite.connect(
        path,
        isolation_level=None,
        timeout=BUSY_SECONDS_MAX,
        cached_statements=STATEMENTS_CACHED_MAX,
    )
    try:
        raw = connection._conn  # noqa: SLF001  # see run_in_writer_thread
        await run_in_writer_thread(connection, prepare, raw, path, durability, migrations)
        yield connection
        with anyio.CancelScope(shield=True):
            await run_in_writer_thread(connection, _checkpoint, raw)
    finally:
        with anyio.CancelScope(shield=True):
            await connection.close()


def prepare(
    connection: sqlite3.Connection,
    path: Path,
    durability: Durability,
    migrations: Traversable = PACKAGED,
) -> None:
    """
    Make a connection in autocommit mode the writer's: what `open_writer` does in its thread.

    Raises:
        StoreError: See `open_writer`.
        StoreBusy: See `open_writer`.
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
        connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power' else 'NORMAL'}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_AUTOCHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}")
        migrate(connection, path, scripts)
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.DatabaseError as error:
        raise _failure(path, error) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be copied before it is migrated ({error}):"
            " expected a folder that this user may write to"
        ) from error


def _try_to_open(path: Path) -> None:
    # Where opening fails, aiosqlite does not wait for its thread, which then finds no loop.
    try:
        sqlite3.connect(path).close()
    except sqlite3.DatabaseError as error:
        raise _failure(path, error) from error


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(
            f"{path} has journal mode {mode}, expected wal: its file system lets processes share"
            " no memory, as network drives do; put the database on a local disk"
        )


def _failure(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    # The module itself raises some, without a code: faults of a statement.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    code &= PRIMARY_CODE_MASK
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreError(
            f"{path} cannot be opened ({error}):"
            " expected a file in a folder that exists and that this user may write to"
        )
    if isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR:
        return StoreBusy(f"{path} cannot be used just now: {error}")
    return StoreError(
        f"{path} cannot be read as a database of traced ({error}): move it away, then start again"
    )


def _checkpoint(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.DatabaseError):  # a reader or a sick disk: the next start does it
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


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
