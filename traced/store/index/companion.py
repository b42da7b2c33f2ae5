"""
The companion file: where it is, how its one writer opens it, and how a reader takes it along.

Law: a companion of another version or of another database is deleted and rebuilt; what is no
database is put aside, for it may be anybody's, and a database of another program is left alone. A
reader without one that holds sees an empty one.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, NewType, TypeVar

from traced.core.errors import StoreError
from traced.store.faults import DAMAGED, PRIMARY_CODE_MASK
from traced.store.files import SHM, WAL, beside, put_aside
from traced.store.reader import ReadConnection, open_reader
from traced.store.statements import statement

IndexConnection = NewType("IndexConnection", sqlite3.Connection)
"""The writer's: the companion is its main database, the recorded one is attached, read-only."""

T = TypeVar("T")

APPLICATION_ID: Final = 0x74726378  # "trcx"
VERSION: Final = 2
BUSY_SECONDS_MAX: Final = 2.0
STATEMENTS_CACHED_MAX: Final = 128


def companion_path(database: Path) -> Path:
    """Return where the companion of a database is: `traced-index.db` beside `traced.db`."""
    real = database.resolve()  # links to one database share its companion
    return real.with_name(f"{real.stem}-index{real.suffix}")


def open_companion(database: Path) -> IndexConnection:
    """
    Open the companion for its one writer, creating it if needed; the caller closes it.

    Raises:
        StoreError: If another program's file is in its place.
        sqlite3.Error: If either cannot be opened.
        OSError: If it cannot be made.
    """
    path = companion_path(database)
    found = _found(path)
    if found == "unreadable":
        put_aside(path, "unreadable")
    if found != "current":
        discard(path)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    connection = _connect(path)
    try:
        if not path.stat().st_size:
            connection.executescript(statement("index/prepare_new"))
        connection.executescript(statement("index/prepare"))
        if _label(connection) == (0, 0, 0):
            # One transaction: who finds a label finds all tables too.
            script = statement("index/make") + statement("index/label")
            connection.executescript(f"BEGIN;\n{script}\nCOMMIT;")
        connection.execute("ATTACH ? AS recorded", (_uri(database),))
    except BaseException:
        connection.close()
        raise
    return IndexConnection(connection)


def discard(path: Path) -> None:
    """
    Delete a companion that nobody of this process has open.

    The file itself goes first: a log without its file is deleted by SQLite, where a file without
    its log could be half of what it was.

    Raises:
        OSError: If it cannot be deleted.
    """
    for name in (path, beside(path, WAL), beside(path, SHM)):
        name.unlink(missing_ok=True)


def open_with_companion(database: Path) -> ReadConnection:
    """
    Open a database for reading together with its companion; the caller closes it.

    It goes on reading what it has opened: a companion that was rebuilt since is not noticed, and
    the old one stays valid, so answers remain right and get slower.

    Raises:
        StoreError: If there is no database that can be read.
    """
    open_reader(database).close()  # for its checks, and its messages
    connection = sqlite3.connect(
        ":memory:", uri=True, timeout=BUSY_SECONDS_MAX, isolation_level=None
    )
    try:
        # The companion first, so that it is seen as it was before the database, never after: what
        # has changed in between has newer revisions than it knows of.
        attached = _attach(connection, companion_path(database))
        connection.execute("ATTACH ? AS recorded", (_uri(database),))
        if not attached or not _holds(connection):
            _leave_companion(connection)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"{database} cannot be read: {error}") from error
    return ReadConnection(connection)


def belongs(connection: sqlite3.Connection) -> bool:
    """
    Tell whether the companion is that of the database which is open beside it.

    Raises:
        sqlite3.Error: If either cannot be read.
    """
    row = connection.execute(statement("index/select_progress")).fetchone()
    return row is not None and bool(row[2])


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error says that a file is no sound database."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & PRIMARY_CODE_MASK in DAMAGED


def with_companion_or_without(connection: ReadConnection, read: Callable[[], T]) -> T:
    """
    Return what `read` reads; if that fails, what it reads with an empty companion.

    Raises:
        StoreError: If it fails again, which is then the database's own failure.
    """
    try:
        return read()
    except StoreError as error:
        try:
            _leave_companion(connection)
        except sqlite3.Error:  # the database is of no more use itself, or the time is over
            raise error from None
        return read()


def _attach(connection: sqlite3.Connection, path: Path) -> bool:
    try:
        if path.exists():
            connection.execute("ATTACH ? AS companion", (_uri(path),))
            return True
    except sqlite3.Error:
        pass
    return False


def _holds(connection: sqlite3.Connection) -> bool:
    try:
        (version,) = connection.execute(statement("index/select_companion_version")).fetchone()
        return version == VERSION and belongs(connection)
    except sqlite3.Error:  # damaged, or just being made
        return False


def _leave_companion(connection: sqlite3.Connection) -> None:
    """Let an empty companion take the place of one that does not hold, if that was not done yet."""
    attached = connection.execute(statement("index/select_attached")).fetchone()
    if attached is not None:
        connection.execute("DETACH companion")
    connection.executescript(statement("index/make"))


def _found(path: Path) -> Literal["current", "old", "unreadable"]:
    """
    Tell what is in the companion's place; what is no database at all may be somebody else's.

    Raises:
        StoreError: If it is another program's file.
        sqlite3.Error: If it cannot be looked at just now.
    """
    if not path.exists():
        return "old"
    connection = _connect(path)
    try:
        application_id, version, made = _label(connection)
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            return "unreadable"
        raise
    finally:
        connection.close()
    if made and application_id != APPLICATION_ID:
        raise StoreError(
            f"{path} has application id {application_id}, expected {APPLICATION_ID}: it is another"
            " program's file; move it away, and what search and stats need is made there"
        )
    return "current" if version == VERSION else "old"


def _label(connection: sqlite3.Connection) -> tuple[int, int, int]:
    application_id, version, made = connection.execute(statement("index/select_label")).fetchone()
    return int(application_id), int(version), int(made)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS_MAX,
        isolation_level=None,
        check_same_thread=False,  # slices run in whatever thread is free, one after the other
        cached_statements=STATEMENTS_CACHED_MAX,
    )


def _uri(path: Path) -> str:
    return f"{path.absolute().as_uri()}?mode=ro"
