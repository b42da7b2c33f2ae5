import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.store import append, connect, dump, whole, writer

from traced.core.errors import StoreError
from traced.store.backup import Recorded, back_up
from traced.store.recorder import Recorder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Where the copy shall be: a folder of its own."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "monday.db"


@pytest.fixture
def recorded(path: Path) -> Iterator[sqlite3.Connection]:
    """A database with three steps of two sessions, open for writing."""
    with closing(writer(path)) as connection:
        append(Recorder(connection), whole(), whole(), whole(session="s2"))
        yield connection


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(each.name for each in folder.iterdir())


def test_a_copy_holds_what_the_database_holds(
    path: Path, copy: Path, recorded: sqlite3.Connection
) -> None:
    """Every row of every table, and what it is known by."""
    made = back_up(path, copy)

    with closing(connect(copy)) as connection:
        assert dump(connection) == dump(recorded)
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        for pragma in ("user_version", "application_id"):
            assert (
                connection.execute(f"PRAGMA {pragma}").fetchone()
                == recorded.execute(f"PRAGMA {pragma}").fetchone()
            )
    assert (made.path, made.bytes, made.schema_version) == (copy, copy.stat().st_size, 2)
    assert made.recorded == Recorded(3, 2, 3)


@pytest.mark.usefixtures("recorded")
def test_a_copy_is_for_its_owner_alone(path: Path, copy: Path) -> None:
    """Whatever the umask; and nothing else is left beside it."""
    before = os.umask(0)
    try:
        back_up(path, copy)
    finally:
        os.umask(before)

    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert names(copy.parent) == ["monday.db"]


def test_who_writes_is_not_held_back(path: Path, copy: Path, recorded: sqlite3.Connection) -> None:
    """A transaction that is open meanwhile goes on, and is not in the copy."""
    recorded.execute("BEGIN IMMEDIATE")
    recorded.execute("UPDATE session SET steps = 77")

    back_up(path, copy)
    recorded.execute("COMMIT")

    with closing(connect(copy)) as connection:
        assert connection.execute("SELECT max(steps) FROM session").fetchone() == (2,)


@pytest.mark.usefixtures("recorded")
def test_a_name_that_is_taken_is_not_taken_away(path: Path, copy: Path) -> None:
    """A file, or a link that leads nowhere: only --force replaces it."""
    copy.write_text("precious")
    link = copy.with_name("link")
    link.symlink_to("nowhere")

    for taken in (copy, link):
        with pytest.raises(StoreError, match="exists, expected a new name"):
            back_up(path, taken)

    assert copy.read_text() == "precious"
    assert names(copy.parent) == ["link", "monday.db"]


@pytest.mark.usefixtures("recorded")
def test_a_copy_replaces_another_where_that_is_wanted(path: Path, copy: Path) -> None:
    """At once and whole; a link is replaced, not followed."""
    target = copy.with_name("target")
    target.write_text("precious")
    copy.symlink_to(target)

    back_up(path, copy, replace=True)

    assert not copy.is_symlink()
    assert target.read_text() == "precious"


@pytest.mark.usefixtures("recorded")
def test_the_database_is_not_replaced_by_its_copy(path: Path, tmp_path: Path) -> None:
    """Nor its log, by whatever name, whatever is forced."""
    link = tmp_path / "link.db"
    link.symlink_to(path)
    for name in (path, link, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with pytest.raises(StoreError, match="is the database itself"):
            back_up(path, name, replace=True)


@pytest.mark.usefixtures("recorded")
def test_a_folder_is_no_name_for_a_copy(path: Path, copy: Path) -> None:
    """Nor is one that does not exist its place."""
    with pytest.raises(StoreError, match="is a folder, expected the name of a file in it"):
        back_up(path, copy.parent)
    with pytest.raises(StoreError, match="is not an existing folder"):
        back_up(path, copy.parent / "none" / "copy.db")


def test_without_a_database_there_is_no_copy(path: Path, copy: Path) -> None:
    """The message says where it was looked for."""
    with pytest.raises(StoreError, match=f"there is no database at {path}"):
        back_up(path, copy)

    assert names(copy.parent) == []


def test_a_damaged_database_makes_no_copy(
    path: Path, copy: Path, recorded: sqlite3.Connection
) -> None:
    """The backup of yesterday stays what it was."""
    copy.write_text("yesterday")
    recorded.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 2))

    with pytest.raises(StoreError):
        back_up(path, copy, replace=True)

    assert copy.read_text() == "yesterday"
    assert names(copy.parent) == ["monday.db"]


def test_rows_that_refer_to_none_are_found(
    path: Path, copy: Path, recorded: sqlite3.Connection
) -> None:
    """A copy is read again before it takes its name."""
    recorded.execute("PRAGMA foreign_keys = OFF")
    recorded.execute("DELETE FROM session WHERE pk = 2")

    with pytest.raises(StoreError, match="the copy is not sound: rows refer to none"):
        back_up(path, copy)

    assert names(copy.parent) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
@pytest.mark.usefixtures("recorded")
def test_a_place_that_cannot_be_written_is_told(path: Path) -> None:
    """As nobody may write to the folder of processes, not even root."""
    with pytest.raises(StoreError, match=r"/proc/copy.db cannot be written: .+"):
        back_up(path, Path("/proc/copy.db"))


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("a" * 300, "cannot be written: File name too long", id="long"),
        pytest.param("/", "^/ is a folder, expected the name of a file", id="root"),
    ],
)
def test_a_name_that_cannot_be_taken_is_told(path: Path, copy: Path, name: str, why: str) -> None:
    """Whatever the file system says of the name, as of a folder that is closed to this user."""
    with pytest.raises(StoreError, match=why):
        back_up(path, copy.parent / name)
