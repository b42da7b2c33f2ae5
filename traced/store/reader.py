"""
The reading side's way into the database: a connection that cannot write.

Law: a reader never makes, changes or migrates a database, and holds no transaction longer than it
takes to fetch, because the write-ahead log cannot be emptied of what a reader still sees.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NewType

from traced.core.errors import StoreError
from traced.store.migrate import APPLICATION_ID
from traced.store.statements import schema_version

ReadConnection = NewType("ReadConnection", sqlite3.Connection)

# In WAL mode readers wait for nobody but a writer that recovers the log after a crash.
BUSY_SECONDS_MAX: Final = 2.0


def open_reader(path: Path) -> ReadConnection:
    """
    Open the database for reading; the caller closes it.

    Raises:
        StoreError: If there is no database, it is not one of traced, or its schema is of
            another version than the program's; the message says what to do.
    """
    _check_place(path)
    try:
        # A file: URI, because only there can a name hold ?, # and %, and a mode be given.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_SECONDS_MAX,
            isolation_level=None,
        )
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    try:
        connection.execute("PRAGMA query_only = ON")
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _check_version(path, application, version)
    except sqlite3.Error as error:
        connection.close()
        raise _unreadable(path, error) from error
    except StoreError:
        connection.close()
        raise
    return ReadConnection(connection)


@contextmanager
def snapshot(connection: ReadConnection) -> Iterator[None]:
    """
    Let several queries see one state of the database; fetch inside, work outside.

    Raises:
        StoreError: If the database cannot be read.
    """
    try:
        connection.execute("BEGIN")
        try:
            yield
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise StoreError(f"the database cannot be read: {error}") from error


def data_version(connection: ReadConnection) -> int:
    """Return a number that is another one as soon as somebody has committed."""
    try:
        (version,) = connection.execute("PRAGMA data_version").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"the database cannot be read: {error}") from error
    return int(version)


def _check_place(path: Path) -> None:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(
            f"there is no database at {path}: create it with `traced run`,"
            " or name another one with --db or TRACED_DB"
        ) from None
    except OSError as error:
        raise StoreError(
            f"{path} cannot be looked at ({error.strerror}):"
            " ask as the user who records, or name another database with --db or TRACED_DB"
        ) from error


def _check_version(path: Path, application: int, version: int) -> None:
    newest = schema_version()
    if application != APPLICATION_ID:
        raise StoreError(
            f"{path} has application id {application}, expected {APPLICATION_ID}:"
            " it is not a database of traced; name another one with --db or TRACED_DB"
        )
    if version > newest:
        raise StoreError(
            f"{path} has schema version {version}, expected {newest}:"
            " it was written by a newer traced; upgrade this one"
        )
    if version < newest:
        raise StoreError(
            f"{path} has schema version {version}, expected {newest}:"
            " start this version's daemon once with `traced run`, it brings the file up to date"
        )


def _unreadable(path: Path, error: sqlite3.Error) -> StoreError:
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
        return StoreError(
            f"{path} cannot be read ({error}): name a database of traced with --db or TRACED_DB"
        )
    return StoreError(
        f"{path} cannot be read ({error}): expected a database of traced"
        " in a folder that this user may write to, as SQLite's readers must"
    )
