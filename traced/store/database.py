"""
The database file: opened for the one writer, brought up to the program's version.

Law: a migration runs in one transaction, after a copy of the database was put beside it; a
database newer than the program is refused and left as it is.
"""

import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Final, Literal, ParamSpec, TypeVar

import aiosqlite

from traced.core.errors import StoreBusy, StoreError

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
MIGRATION_NAME: Final = re.compile(r"(\d{4})_\w+\.sql")


@asynccontextmanager
async def open_writer(path: Path, durability: Durability) -> AsyncIterator[aiosqlite.Connection]:
    """
    Open the one connection that writes; leaving checkpoints the log into the file and closes it.

    ``power`` survives a power cut after each commit, ``process`` only the death of this process.

    Raises:
        StoreError: If the library is too old, or the file is newer than the program or no database.
        StoreBusy: If another process holds the database.
    """
    async with aiosqlite.connect(path, isolation_level=None, timeout=BUSY_SECONDS_MAX) as connection:
        await run_in_writer_thread(connection, _prepare, connection._conn, path, durability)  # noqa: SLF001
        yield connection
        with suppress(sqlite3.OperationalError):  # a reader holds it: the next start does it
            await connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")


def _prepare(connection: sqlite3.Connection, path: Path, durability: Durability) -> None:
    if sqlite3.sqlite_version_info < SQLITE_VERSION_MIN:
        raise StoreError(
            f"SQLite is {sqlite3.sqlite_version}, expected 3.37 or newer:"
            " use a Python that is linked to a newer SQLite"
        )
    try:
        # auto_vacuum is ignored without a word once the file is in WAL mode.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power' else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_AUTOCHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_MAX}")
        _migrate(connection, path)
    except sqlite3.OperationalError as error:
        raise StoreBusy(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{path} cannot be read as a database of traced ({error}): move it away, then start again"
        ) from error


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    migrations = _migrations()
    newest = max(migrations)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > newest:
        raise StoreError(
            f"{path} has schema version {version}, expected at most {newest}:"
            " it was written by a newer traced; upgrade this one"
        )
    if version == newest:
        return
    if version > 0:
        _copy_aside(connection, path, version)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number in range(version + 1, newest + 1):
            for one in _split(migrations[number]):
                connection.execute(one)
        connection.execute(f"PRAGMA user_version = {newest}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        raise


def _copy_aside(connection: sqlite3.Connection, path: Path, version: int) -> None:
    copy = path.with_name(f"{path.name}.schema-{version}.backup")
    copy.unlink(missing_ok=True)
    connection.execute("VACUUM INTO ?", (str(copy),))
    copy.chmod(0o600)


def _migrations() -> dict[int, str]:
    found: dict[int, str] = {}
    for file in resources.files("traced.sql.migrations").iterdir():
        if match := MIGRATION_NAME.fullmatch(file.name):
            found[int(match[1])] = file.read_text(encoding="utf-8")
    return found


def _split(script: str) -> list[str]:
    # executescript would commit the transaction first, so the statements go one by one.
    statements: list[str] = []
    current = ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements


async def run_in_writer_thread(
    connection: aiosqlite.Connection, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """
    Run a function in the connection's own thread: one hop for a whole batch.

    The public API would take a hop for each statement, 61 µs a batch against 20 for one.
    `Connection._execute` is private, so the dependency is held below 0.23 and a test watches it.
    """
    result: T = await connection._execute(function, *args, **kwargs)  # noqa: SLF001
    return result
