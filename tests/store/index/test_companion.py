import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.index import bring_up_to_date, found, orders
from support.rows import Recording

from traced.core.errors import StoreError
from traced.store.index.companion import (
    VERSION,
    companion_path,
    open_companion,
    open_with_companion,
)


def version(path: Path) -> int:
    """Return the version that a companion says it has."""
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def test_it_stands_beside_the_database(tmp_path: Path) -> None:
    """It has the database's name with -index, beside the file that links lead to."""
    (tmp_path / "link.db").symlink_to(tmp_path / "folder.d" / "my.traced.db")

    assert companion_path(tmp_path / "traced.db") == tmp_path / "traced-index.db"
    expected = tmp_path / "folder.d" / "my.traced-index.db"
    assert companion_path(tmp_path / "link.db") == expected


def test_it_is_private(recording: Recording) -> None:
    """Only its owner may read what words the steps hold."""
    bring_up_to_date(recording.path)

    assert companion_path(recording.path).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"not a database" * 500, b"SQLite format 3\0" * 300])
def test_a_damaged_one_is_made_anew(recording: Recording, content: bytes) -> None:
    """What is no database is put aside, for it may be anybody's, and replaced by one."""
    recording.step(recording.session(), 1)
    companion_path(recording.path).write_bytes(content)
    bring_up_to_date(recording.path)

    assert orders(recording.path, "bash") == [1]
    assert version(companion_path(recording.path)) == VERSION
    aside = companion_path(recording.path).parent.glob("*.unreadable-*")
    assert [each.read_bytes() for each in aside] == ([content] if content else [])


def test_one_of_another_version_is_made_anew(recording: Recording) -> None:
    """Nothing is migrated: all of it comes from the database."""
    recording.step(recording.session(), 1)
    bring_up_to_date(recording.path)
    with closing(sqlite3.connect(companion_path(recording.path))) as connection:
        connection.execute("PRAGMA user_version = 99")
    bring_up_to_date(recording.path)

    assert version(companion_path(recording.path)) == VERSION
    assert orders(recording.path, "bash") == [1]


def test_another_programs_file_is_left_alone(recording: Recording) -> None:
    """A database that is not a companion is neither deleted nor written to."""
    place = companion_path(recording.path)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    before = place.read_bytes()

    with pytest.raises(StoreError, match="application id 0, expected 1953653624: it is another"):
        open_companion(recording.path)
    assert place.read_bytes() == before


def test_a_reader_without_one_sees_an_empty_one(recording: Recording) -> None:
    """Whoever reads makes no companion, and finds the same without it."""
    recording.step(recording.session(), 1)

    assert orders(recording.path, "bash") == [1]
    assert not companion_path(recording.path).exists()


def test_a_companion_of_another_database_is_not_used(recording: Recording, tmp_path: Path) -> None:
    """What was made from one database says nothing of another that took its place."""
    recording.step(recording.session(), 1, name="Read", created_at=1)
    recording.skip(1000)
    bring_up_to_date(recording.path)
    other = Recording(tmp_path / "other.db")
    with closing(other.connection):
        other.step(other.session(), 1, name="Bash", created_at=2)
        other.skip(2000)
    companion_path(recording.path).rename(companion_path(other.path))

    assert orders(other.path, "bash") == [1]
    assert orders(other.path, "read") == []
    bring_up_to_date(other.path)
    assert orders(other.path, "bash") == [1]


def test_a_companion_from_later_is_not_used(recording: Recording, tmp_path: Path) -> None:
    """A database that was restored from a copy has not the steps that its companion knows."""
    pk = recording.session()
    recording.step(pk, 1)
    copy = tmp_path / "copy.db"
    recording.connection.execute("VACUUM INTO ?", (str(copy),))
    recording.step(pk, 2, name="Read")
    bring_up_to_date(recording.path)
    companion_path(recording.path).rename(companion_path(copy))

    assert orders(copy, "read") == []
    bring_up_to_date(copy)
    assert orders(copy, "bash") == [1]


def test_its_witness_may_be_removed(recording: Recording) -> None:
    """A companion holds on though the step that proves whose it is was removed."""
    kept, removed = recording.session("s1"), recording.session("s2")
    recording.step(kept, 1)
    recording.step(removed, 2)
    bring_up_to_date(recording.path)
    recording.remove(removed)
    with closing(open_with_companion(recording.path)) as connection:
        (filled,) = connection.execute("SELECT filled FROM volume").fetchone()

    assert filled == 2


def test_one_that_missed_removals_is_not_used(recording: Recording) -> None:
    """Old removals are forgotten; a companion that may not know of some is made anew."""
    kept = recording.session()
    recording.step(kept, 1)
    bring_up_to_date(recording.path)
    for number in range(3):
        pk = recording.session(f"gone{number}")
        recording.step(pk, 1)
        recording.remove(pk)
    recording.connection.execute("DELETE FROM removal WHERE id < 3")

    with closing(open_with_companion(recording.path)) as connection:
        assert connection.execute("SELECT * FROM volume").fetchall() == []
    bring_up_to_date(recording.path)
    with closing(open_with_companion(recording.path)) as connection:
        assert connection.execute("SELECT entries FROM volume").fetchall() == [(1,)]


def test_damage_while_reading_costs_time_only(recording: Recording) -> None:
    """A companion that proves damaged in the middle of a search is left, and the steps are read."""
    recording.step(recording.session(), 1)
    bring_up_to_date(recording.path)
    with closing(sqlite3.connect(companion_path(recording.path))) as connection:
        connection.execute("UPDATE words_0_0_data SET block = x'ffffffff' WHERE id > 10")
        connection.commit()

    assert [step.step_order for step in found(recording.path, "bash").results] == [1]
