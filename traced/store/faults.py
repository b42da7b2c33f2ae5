"""
Failures of the database, told in the house's words: what mends them.

Law: time mends some, a new connection others, and a damaged file neither. A write that failed
keeps its connection: its frames may be on the disk, and a new connection could find them there and
take for committed what was reported as failed; the next write of the same one overwrites them.
"""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from traced.core.errors import StoreBroken, StoreBusy, StoreDamaged, StoreError

PRIMARY_CODE_MASK: Final = 0xFF  # an extended result code holds the primary one in its low byte
DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_PROTOCOL,
    }
)
# The other I/O errors come before anything is written.
FAILED_WRITES: Final = frozenset(
    {
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
    }
)
# Of the file system, not of the place: they may be over in a while.
PASSING_ERRNOS: Final = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.ESTALE,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.EBUSY,
    }
)


@contextmanager
def told_as_busy() -> Iterator[None]:
    """
    Tell of a database that cannot be used just now in the house's words.

    Raises:
        StoreBusy: In place of the error; one of its subclasses where waiting will not mend it.
    """
    try:
        yield
    except MemoryError as error:
        raise StoreBusy(type(error).__name__) from error
    except sqlite3.DatabaseError as error:
        raise _of_a_statement(error) from error


def of_opening(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    """Return what a failure to open and prepare the database at `path` means to its user."""
    code = _code(error) & PRIMARY_CODE_MASK
    if code in DAMAGED:
        return StoreDamaged(f"{path} cannot be read as a database: {error}")
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM} and (
        _is_wrong_place(path)
    ):
        return StoreError(
            f"{path} cannot be opened ({error}):"
            " expected a file in a folder that exists, both writable for this user"
        )
    if isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR:
        return StoreBusy(f"{path} cannot be used just now: {error}")
    return StoreError(
        f"{path} cannot be read as a database of traced ({error}): move it away, then start again"
    )


def of_a_file(what: str, error: OSError) -> StoreError:
    """Return what a failure of the file system means; `what` says what could not be done."""
    if error.errno in PASSING_ERRNOS:
        return StoreBusy(f"{what} just now: {error.strerror}")
    return StoreError(f"{what} ({error.strerror}): expected a folder that this user may write to")


def _of_a_statement(error: sqlite3.DatabaseError) -> StoreBusy:
    code = _code(error)
    if code & PRIMARY_CODE_MASK in DAMAGED:
        return StoreDamaged(str(error))
    if code & PRIMARY_CODE_MASK in PASSING or code in FAILED_WRITES:
        return StoreBusy(str(error))
    return StoreBroken(str(error))


def _code(error: sqlite3.DatabaseError) -> int:
    # The module itself raises some, without a code: faults of a statement.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code


def _is_wrong_place(path: Path) -> bool:
    """Tell whether nothing can be opened there until somebody sees to it."""
    folder = path.resolve().parent
    if path.is_dir() or not folder.is_dir():
        return True
    if os.statvfs(folder).f_flag & os.ST_RDONLY:  # as a disk is after an error
        return False
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return True
    return not os.access(folder, os.W_OK | os.X_OK)
