import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.store import connect, writer

from traced.core.errors import StoreBroken, StoreBusy, StoreDamaged, StoreError
from traced.store.faults import of_a_file, of_opening, told_as_busy


def failure(code: int, text: str = "it failed") -> sqlite3.DatabaseError:
    """Return an error as the module makes it of this result code."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, StoreBusy),
        (sqlite3.SQLITE_BUSY_RECOVERY, StoreBusy),
        (sqlite3.SQLITE_FULL, StoreBusy),
        (sqlite3.SQLITE_INTERRUPT, StoreBusy),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreBusy),
        (sqlite3.SQLITE_IOERR_WRITE, StoreBusy),
        (sqlite3.SQLITE_IOERR_SHORT_READ, StoreBroken),
        (sqlite3.SQLITE_READONLY, StoreBroken),
        (sqlite3.SQLITE_ERROR, StoreBroken),
        (sqlite3.SQLITE_CORRUPT, StoreDamaged),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreDamaged),
        (sqlite3.SQLITE_NOTADB, StoreDamaged),
    ],
)
def test_what_mends_a_failure_is_told_by_its_code(code: int, kind: type[StoreBusy]) -> None:
    """Time, a new connection or neither; a write that failed may be on the disk all the same."""
    with pytest.raises(StoreBusy, match="it failed") as caught, told_as_busy():
        raise failure(code)

    assert type(caught.value) is kind


def test_a_closed_connection_is_of_no_more_use(path: Path) -> None:
    """The module itself says so, without a code."""
    connection = writer(path)
    connection.close()
    with pytest.raises(StoreBroken, match="closed database"), told_as_busy():
        connection.execute("SELECT 1")


def test_memory_may_come_back() -> None:
    """Its error has no text, so its name is told."""
    with pytest.raises(StoreBusy, match="MemoryError"), told_as_busy():
        raise MemoryError


def test_other_errors_are_not_told_as_busy() -> None:
    """A fault of the program is no reason to try again."""
    with pytest.raises(KeyError), told_as_busy():
        raise KeyError("call")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_NOTADB, StoreDamaged),
        (sqlite3.SQLITE_CORRUPT, StoreDamaged),
        (sqlite3.SQLITE_BUSY, StoreBusy),
        (sqlite3.SQLITE_FULL, StoreBusy),
        (sqlite3.SQLITE_IOERR_READ, StoreBusy),
        (sqlite3.SQLITE_CANTOPEN, StoreBusy),
        (sqlite3.SQLITE_ERROR, StoreError),
    ],
)
def test_a_failure_to_open_is_told_by_its_code(
    path: Path, code: int, kind: type[StoreError]
) -> None:
    """In a folder where all is well, what cannot be opened may be opened in a while."""
    error = of_opening(path, failure(code))

    assert type(error) is kind
    assert str(path) in str(error)


@pytest.mark.parametrize("place", ["missing/traced.db", "."])
def test_a_place_without_a_file_needs_somebody(tmp_path: Path, place: str) -> None:
    """A folder that is not there does not appear by waiting."""
    error = of_opening(tmp_path / place, failure(sqlite3.SQLITE_CANTOPEN))

    assert type(error) is StoreError
    assert "expected a file in a folder that exists" in str(error)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_a_folder_of_somebody_else_needs_somebody(tmp_path: Path) -> None:
    """Its permissions do not change by waiting."""
    tmp_path.chmod(0o500)
    try:
        assert type(of_opening(tmp_path / "t.db", failure(sqlite3.SQLITE_CANTOPEN))) is StoreError
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, StoreBusy), (errno.EROFS, StoreBusy), (errno.EACCES, StoreError)],
)
def test_a_failure_of_the_file_system_is_told_by_its_number(
    number: int, kind: type[StoreError]
) -> None:
    """A full disk is emptied some time; a permission needs somebody."""
    error = of_a_file("x cannot be set aside", OSError(number, os.strerror(number)))

    assert type(error) is kind
    assert str(error).startswith("x cannot be set aside")


def test_extended_codes_are_what_the_module_gives(path: Path) -> None:
    """A primary code alone could not tell a read that failed from a write."""
    with closing(writer(path)) as connection, closing(connect(path)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM ledger").fetchall()
        connection.execute("UPDATE ledger SET sequence = 1")
        with pytest.raises(sqlite3.OperationalError) as caught:
            other.execute("UPDATE ledger SET sequence = 2")

    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT
