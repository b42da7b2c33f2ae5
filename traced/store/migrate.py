"""
The versions of the schema: which one a file has, and how it comes to the program's.

Law: all migrations run in one transaction, after a copy of the database was put beside it. A
database that is newer than the program, or another program's, is refused and left as it is.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from traced.core.errors import StoreError

# "trcd" in the file's header: no table is ever added to the database of another program.
APPLICATION_ID: Final = 0x74726364
MIGRATION_NAME: Final = re.compile(r"(\d{4})_\w+\.sql")
PACKAGED: Final = resources.files("traced.sql.migrations")


def read_migrations(folder: Traversable) -> dict[int, str]:
    """Return the scripts of a folder by the version that each leads to."""
    return {
        int(match[1]): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if (match := MIGRATION_NAME.fullmatch(file.name))
    }


def check_version(connection: sqlite3.Connection, path: Path, newest: int) -> None:
    """
    Make sure that a database is new, or traced's and not newer than `newest`; change nothing.

    Raises:
        StoreError: If it is not.
    """
    if _pragma(connection, "schema_version") == 0:  # nothing was ever made in it
        return
    application = _pragma(connection, "application_id")
    if application != APPLICATION_ID:
        raise StoreError(
            f"{path} has application id {application}, expected {APPLICATION_ID}:"
            " it is another program's database; name another file with --db or TRACED_DB"
        )
    version = _pragma(connection, "user_version")
    if version > newest:
        raise StoreError(
            f"{path} has schema version {version}, expected at most {newest}:"
            " it was written by a newer traced; upgrade this one"
        )


def migrate(connection: sqlite3.Connection, path: Path, migrations: Mapping[int, str]) -> None:
    """
    Bring a database to the newest version, in one transaction; foreign keys must be off.

    Raises:
        StoreError: If rows would be left that refer to none; nothing has changed then.
        sqlite3.Error: If the database cannot be written; nothing has changed then.
    """
    newest = max(migrations)
    version = _pragma(connection, "user_version")
    if version == newest:
        return
    if version > 0:
        _copy_aside(connection, path, version)
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again: now nobody else can be at it.
        for number in range(_pragma(connection, "user_version") + 1, newest + 1):
            for one in _statements(migrations[number]):
                connection.execute(one)
        _check_references(connection, path)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {newest}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some failures have ended it already
            connection.execute("ROLLBACK")
        raise


def _copy_aside(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Put ``<name>.schema-<version>.backup`` beside the database, whole and on disk."""
    copy = path.with_name(f"{path.name}.schema-{version}.backup")
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        connection.execute("VACUUM INTO ?", (str(unfinished),))
        os.fsync(descriptor)  # SQLite does not do this for a copy
        unfinished.replace(copy)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk, so that no power cut takes the copy and not the rest."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_references(connection: sqlite3.Connection, path: Path) -> None:
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        table, row, parent, _ = broken
        raise StoreError(
            f"{path}: after the migration, row {row} of table {table} refers to no row of"
            f" {parent}, expected one: the database was left as it was"
        )


def _statements(script: str) -> Iterator[str]:
    # One by one, for executescript would commit the transaction first.
    current = ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            yield current
            current = ""
    if current.strip():  # without a semicolon, or a comment
        yield current


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
