import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from support.rows import Recording

from traced.core.errors import StoreError
from traced.store import queries
from traced.store.reader import ReadConnection, data_version, open_reader, snapshot


def test_missing_database_says_how_to_get_one(tmp_path: Path) -> None:
    """Without a database the message names the file and the two ways out, and makes none."""
    path = tmp_path / "traced.db"

    with pytest.raises(StoreError, match=r"traced\.db: create it with `traced run`"):
        open_reader(path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        pytest.param("a" * 300, "File name too long", id="long"),
        pytest.param("loop/traced.db", "Too many levels of symbolic links", id="loop"),
    ],
)
def test_a_place_that_cannot_be_looked_at_is_told(tmp_path: Path, name: str, why: str) -> None:
    """It is told as an error of the place, as a folder that is closed to this user is."""
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(StoreError, match=rf"cannot be looked at \({why}\): ask as the user"):
        open_reader(tmp_path / name)


def test_newer_database_asks_for_an_upgrade(recording: Recording) -> None:
    """A database of a newer schema is refused: its columns may mean something else."""
    recording.connection.execute("PRAGMA user_version = 99")

    with pytest.raises(StoreError, match=r"schema version 99, expected \d+: .* newer traced"):
        open_reader(recording.path)


def test_older_database_asks_for_the_daemon(recording: Recording) -> None:
    """A database that no migration has reached yet is refused: readers change nothing."""
    recording.connection.execute("PRAGMA user_version = 0")

    with pytest.raises(StoreError, match=r"schema version 0, expected \d+: start .* daemon once"):
        open_reader(recording.path)


def test_foreign_file_is_no_database(tmp_path: Path) -> None:
    """A file that SQLite cannot read is named, with SQLite's own words."""
    path = tmp_path / "traced.db"
    path.write_bytes(b"these are not the bytes of a database" * 100)

    with pytest.raises(StoreError, match=r"\(file is not a database\): name a database"):
        open_reader(path)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """It is not asked for a table of ours."""
    path = tmp_path / "their.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmark (url TEXT)")

    with pytest.raises(
        StoreError, match=r"their\.db has application id 0, expected \d+: it is not"
    ):
        open_reader(path)


def test_folder_is_no_database(tmp_path: Path) -> None:
    """A folder in place of the database is an error of the store, not a traceback."""
    with pytest.raises(StoreError, match="cannot be read"):
        open_reader(tmp_path)


def test_path_may_hold_characters_of_uris(tmp_path: Path) -> None:
    """Characters that mean something in a URI are part of the name in a path."""
    path = tmp_path / "a b?mode=memory#c%41.db"
    with closing(Recording(path).connection):
        pass

    with closing(open_reader(path)) as reader:
        assert queries.newest_revision(reader) == 0
    assert [file.name for file in tmp_path.glob("*.db")] == [path.name]


def test_reader_cannot_write(recording: Recording, reader: ReadConnection) -> None:
    """A reader's connection refuses to change the database."""
    recording.session()

    with pytest.raises(sqlite3.OperationalError, match=r"readonly|read-only"):
        reader.execute("DELETE FROM session")


def test_reader_needs_no_daemon(recording: Recording) -> None:
    """What was committed can be read after the last writer has gone, the log included."""
    recording.session("s1", steps=1)
    recording.connection.close()

    with closing(open_reader(recording.path)) as reader:
        assert [each.session.session_id for each in queries.sessions(reader, 10)] == ["s1"]


def test_reader_leaves_private_files(recording: Recording) -> None:
    """Files that SQLite puts beside a private database for a reader are private too."""
    recording.connection.close()
    recording.path.chmod(0o600)
    with closing(open_reader(recording.path)) as reader:
        queries.newest_revision(reader)
        modes = {stat.S_IMODE(file.stat().st_mode) for file in recording.path.parent.iterdir()}

    assert modes == {0o600}


def test_snapshot_is_one_state(recording: Recording, reader: ReadConnection) -> None:
    """Within a snapshot nothing of what is committed meanwhile is seen; afterwards all of it."""
    with snapshot(reader):
        before = queries.sessions(reader, 10)
        recording.session(steps=1)
        within = queries.sessions(reader, 10)
    after = queries.sessions(reader, 10)

    assert (before, within, len(after)) == ([], [], 1)


def test_snapshot_ends_with_an_error(reader: ReadConnection) -> None:
    """An error within a snapshot leaves no transaction open behind it."""
    with (
        pytest.raises(StoreError, match="cannot be read: no such table: absent"),
        snapshot(reader),
    ):
        reader.execute("SELECT * FROM absent")

    assert not reader.in_transaction


def test_data_version_changes_with_a_commit(recording: Recording, reader: ReadConnection) -> None:
    """The number changes when somebody else commits, and stays while nobody does."""
    first = data_version(reader)
    second = data_version(reader)
    recording.session()
    third = data_version(reader)

    assert first == second
    assert second != third
