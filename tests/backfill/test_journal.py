"""Which files have been imported into a database."""

import os
import stat
from pathlib import Path

import pytest

from traced.backfill.journal import Journal, states_of
from traced.core.errors import TracedError


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A database, for what a journal looks at."""
    path = tmp_path / "traced.db"
    path.touch()
    return path


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    """A file that was imported, or not."""
    path = tmp_path / "s1.jsonl"
    path.write_bytes(b"{}\n")
    return path


def test_what_was_noted_is_known_to_the_next_import(db: Path, transcript: Path) -> None:
    """It is kept beside the database, for its owner alone."""
    assert not Journal(db).knows([transcript])

    Journal(db).note(states_of([transcript]))

    assert Journal(db).knows([transcript])
    kept = db.with_name("traced-imported.ndjson")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_file_that_has_changed_is_read_again(db: Path, transcript: Path) -> None:
    """By its size, or by its time."""
    journal = Journal(db)
    journal.note(states_of([transcript]))

    transcript.write_bytes(b"{}\n{}\n")
    assert not journal.knows([transcript])

    journal.note(states_of([transcript]))
    os.utime(transcript, (1, 1))
    assert not Journal(db).knows([transcript])


def test_a_session_is_known_if_all_its_files_are(
    db: Path, transcript: Path, tmp_path: Path
) -> None:
    """A sub-agent may have been added."""
    journal = Journal(db)
    journal.note(states_of([transcript]))
    (tmp_path / "agent-a1.jsonl").touch()

    assert not journal.knows([transcript, tmp_path / "agent-a1.jsonl"])


def test_another_database_of_that_name_knows_nothing(db: Path, transcript: Path) -> None:
    """A damaged one is set aside, and a new one begins empty."""
    Journal(db).note(states_of([transcript]))
    db.rename(db.with_name("aside.db"))
    db.touch()

    assert not Journal(db).knows([transcript])


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Whose daemon was given another place than the import is told which place is empty."""
    with pytest.raises(TracedError, match=r"no database is found at .*/none/traced\.db \(No such"):
        Journal(tmp_path / "none" / "traced.db")


def test_a_journal_that_was_cut_short_holds_what_is_whole(db: Path, transcript: Path) -> None:
    """It only saves work; one that says nothing begins anew."""
    Journal(db).note(states_of([transcript]))
    kept = db.with_name("traced-imported.ndjson")
    with kept.open("ab") as file:
        file.write(b'{"path":"')
    assert Journal(db).knows([transcript])

    kept.write_bytes(b"no journal")
    assert not Journal(db).knows([transcript])
    Journal(db).note(states_of([transcript]))
    assert Journal(db).knows([transcript])


def test_a_line_that_was_cut_short_costs_itself_alone(db: Path, transcript: Path) -> None:
    """What was noted before and what is noted after it is known."""
    Journal(db).note(states_of([transcript]))
    with db.with_name("traced-imported.ndjson").open("ab") as file:
        file.write(b'{"path":"\xff')
    other = transcript.with_name("s2.jsonl")
    other.touch()
    Journal(db).note(states_of([other]))

    assert Journal(db).knows([transcript, other])


def test_what_is_written_after_a_file_was_looked_at_is_not_known(
    db: Path, transcript: Path
) -> None:
    """The agent may go on while its session is imported."""
    journal = Journal(db)
    states = states_of([transcript])
    transcript.write_bytes(b"{}\n{}\n")
    journal.note(states)

    assert not journal.knows([transcript])


def test_a_name_need_not_be_text(db: Path, tmp_path: Path) -> None:
    """File names are bytes."""
    odd = tmp_path / os.fsdecode(b"\xff.jsonl")
    odd.touch()
    Journal(db).note(states_of([odd]))

    assert Journal(db).knows([odd])
