"""
A copy of the database, made while it is written to.

Law: a copy that bears the name it was asked for is whole, on the disk, and was read again from its
first page to its last. Whoever writes meanwhile is not held back.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from traced.core.errors import StoreError
from traced.store.files import SHM, WAL, beside
from traced.store.migrate import APPLICATION_ID
from traced.store.reader import open_reader
from traced.store.statements import schema_version, statement

# What an integrity check tells at most.
FLAWS_MAX: Final = 3


class Recorded(NamedTuple):
    """What a database holds: the last id or revision given, and how many rows."""

    sequence: int
    sessions: int
    steps: int


class Copy(NamedTuple):
    """A copy that was made."""

    path: Path
    bytes: int
    schema_version: int
    recorded: Recorded


def back_up(db: Path, copy: Path, *, replace: bool = False) -> Copy:
    """
    Copy the database to a file with mode 0600, which takes its name when it is proved sound.

    What is committed while the copy is made may be in it or not.

    Raises:
        StoreError: If the database cannot be read, the copy cannot be written or is not sound, or
            its name is taken and not to be replaced. There is no file of that name then that was
            not there before.
    """
    with _told(copy):
        _check_name(db, copy, replace=replace)
    unfinished = copy.with_name(f".{copy.name}.{secrets.token_hex(4)}.unfinished")
    with _told(copy), _removed_at_the_end(unfinished):
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            before, after = _copy(db, unfinished)
            recorded = _proved(unfinished, before, after)
            size = os.fstat(descriptor).st_size
            os.fsync(descriptor)  # SQLite does not do this for a copy
        finally:
            os.close(descriptor)
        _take_name(unfinished, copy, replace=replace)
    return Copy(copy, size, schema_version(), recorded)


def _check_name(db: Path, copy: Path, *, replace: bool) -> None:
    if not copy.parent.is_dir():
        raise StoreError(f"{copy.parent} is not an existing folder")
    if copy.is_dir():
        raise StoreError(f"{copy} is a folder, expected the name of a file in it")
    real = db.resolve()
    if copy.resolve() in (real, beside(real, WAL), beside(real, SHM)):
        raise StoreError(f"{copy} is the database itself, expected another name")
    if os.path.lexists(copy) and not replace:
        raise _taken(copy)


def _copy(db: Path, unfinished: Path) -> tuple[Recorded, Recorded]:
    """Copy; return what was recorded before and after."""
    with closing(open_reader(db)) as connection:
        # The file is open for reading only; this one would refuse to write the copy too.
        connection.execute("PRAGMA query_only = OFF")
        before = _recorded(connection)
        connection.execute("VACUUM INTO ?", (str(unfinished),))
        return before, _recorded(connection)


def _proved(copy: Path, before: Recorded, after: Recorded) -> Recorded:
    with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        flaws = connection.execute(f"PRAGMA integrity_check({FLAWS_MAX})").fetchall()
        if flaws != [("ok",)]:
            raise StoreError(f"the copy is not sound: {'; '.join(text for (text,) in flaws)}")
        if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise StoreError("the copy is not sound: rows refer to none, expected each to refer")
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if (application, version) != (APPLICATION_ID, schema_version()):
            raise StoreError(
                f"the copy has application id {application} and schema version {version},"
                f" expected {APPLICATION_ID} and {schema_version()}"
            )
        found = _recorded(connection)
    # Nothing is given twice, so that equal sequences without removals mean equal rows.
    if not before.sequence <= found.sequence <= after.sequence:
        raise StoreError(
            f"the copy ends at revision {found.sequence},"
            f" expected {before.sequence} to {after.sequence}"
        )
    if before == after != found:
        raise StoreError(f"the copy holds {found}, expected {before}")
    return found


def _recorded(connection: sqlite3.Connection) -> Recorded:
    return Recorded(*connection.execute(statement("count_recorded")).fetchone())


def _take_name(unfinished: Path, copy: Path, *, replace: bool) -> None:
    if replace:
        unfinished.replace(copy)
    else:
        try:
            os.link(unfinished, copy)  # which fails where the name is taken, as rename does not
        except FileExistsError:
            raise _taken(copy) from None
        except OSError:  # some file systems know no links
            unfinished.rename(copy)
    descriptor = os.open(copy.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _taken(copy: Path) -> StoreError:
    return StoreError(f"{copy} exists, expected a new name: name another file, or add --force")


@contextmanager
def _removed_at_the_end(unfinished: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for each in (unfinished, unfinished.with_name(f"{unfinished.name}-journal")):
            with suppress(FileNotFoundError):
                each.unlink()


@contextmanager
def _told(copy: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreError(f"{copy} cannot be written: {told}") from error
