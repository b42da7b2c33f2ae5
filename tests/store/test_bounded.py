import sqlite3
import threading
from pathlib import Path

import pytest
from support.rows import Recording

from traced.core.errors import StoreError
from traced.store import queries
from traced.store.bounded import bounded_reader

FOR_EVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n"


def test_a_question_that_takes_too_long_is_given_up(recording: Recording) -> None:
    """A statement that would run for ever ends with the time, and says so."""
    expected = r"took longer than 0\.05 s and was given up"
    with (
        pytest.raises(StoreError, match=expected),
        bounded_reader(recording.path, 0.05) as connection,
    ):
        connection.execute(FOR_EVER).fetchone()


def test_what_is_given_up_holds_nothing(recording: Recording) -> None:
    """After it the whole write-ahead log can be emptied: no reader's view is left."""
    recording.session()
    with pytest.raises(StoreError), bounded_reader(recording.path, 0.05) as connection:
        connection.execute(f"SELECT * FROM session, ({FOR_EVER})").fetchone()

    (busy, frames, _) = recording.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    assert (busy, frames) == (0, 0)


def test_a_statement_that_fails_is_told_as_such(recording: Recording) -> None:
    """Errors of SQLite are told in the house's words, within the time."""
    with (
        pytest.raises(StoreError, match="cannot be read: no such table: absent"),
        bounded_reader(recording.path, 30) as connection,
    ):
        connection.execute("SELECT * FROM absent")


def test_a_missing_database_is_told(tmp_path: Path) -> None:
    """Where there is no database yet, the message says how to get one."""
    with (
        pytest.raises(StoreError, match="create it with `traced run`"),
        bounded_reader(tmp_path / "traced.db", 30),
    ):
        pass


def test_it_is_closed_afterwards(recording: Recording) -> None:
    """No question leaves a connection open."""
    with bounded_reader(recording.path, 30) as connection:
        assert queries.newest_revision(connection) == 0

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_readers_beside_each_other_do_not_hold_the_writer(recording: Recording) -> None:
    """While a question runs in another thread, rows are written."""
    began, done = threading.Event(), threading.Event()

    def read() -> None:
        with bounded_reader(recording.path, 30) as connection:
            rows = connection.execute("SELECT 1 UNION ALL SELECT 2")
            rows.fetchone()
            began.set()
            done.wait(30)

    thread = threading.Thread(target=read)
    thread.start()
    assert began.wait(30)
    recording.session()
    done.set()
    thread.join()

    assert len(recording.view("sessions")) == 1
