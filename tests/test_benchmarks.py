import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.breakdown import KINDS, PARTS, measured_parts
from benchmarks.disk import sizes_of
from benchmarks.filled import fill
from benchmarks.questions import PAGE_STEPS, QUESTIONS, Question, answered, places
from traced.core.event import Event, Phase, StepChange
from traced.store import queries
from traced.store.index.companion import open_with_companion
from traced.store.reader import open_reader
from traced.store.recorder import Recorder

ROWS = 4000
WRONG_ORDERS = """
SELECT session_pk FROM step GROUP BY session_pk
HAVING min(step_order) <> 1 OR max(step_order) <> count(*)
"""
WRONG_COUNTS = """
SELECT pk FROM session WHERE
    steps <> (SELECT count(*) FROM step WHERE session_pk = pk)
    OR errors <> (SELECT count(*) FROM step WHERE session_pk = pk AND status = 'error')
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of `benchmarks.filled`, for tests that only read it."""
    return fill(tmp_path_factory.mktemp("filled"), ROWS)


@pytest.fixture
def connection(filled: Path) -> Iterator[sqlite3.Connection]:
    """A connection to it."""
    with closing(sqlite3.connect(f"file:{filled}?mode=ro", uri=True)) as connection:
        yield connection


def test_a_filled_database_has_the_steps_that_were_asked_for(
    connection: sqlite3.Connection,
) -> None:
    """As many steps are made as the command line says."""
    assert connection.execute("SELECT count(*) FROM step").fetchone() == (ROWS,)


def test_a_filled_database_keeps_the_laws_of_the_record(connection: sqlite3.Connection) -> None:
    """Orders are 1..n in each session, counts are right, and every reference leads somewhere."""
    assert connection.execute(WRONG_ORDERS).fetchall() == []
    assert connection.execute(WRONG_COUNTS).fetchall() == []
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_filled_database_is_as_varied_as_months_of_use(connection: sqlite3.Connection) -> None:
    """It has some fifty kinds of steps, several agents, and every status that steps end with."""
    kinds = "SELECT count(*) FROM (SELECT DISTINCT trace_type, name, source FROM step)"
    (count,) = connection.execute(kinds).fetchone()
    agents = connection.execute("SELECT DISTINCT agent FROM sessions").fetchall()
    statuses = connection.execute("SELECT DISTINCT status FROM step ORDER BY 1").fetchall()
    assert 45 <= count <= 55
    assert len(agents) == 4
    assert [name for (name,) in statuses] == ["cancelled", "denied", "error", "ok", "unknown"]


def test_a_daemon_goes_on_in_a_filled_database(tmp_path: Path) -> None:
    """What is recorded in it next gets the numbers behind those that are there."""
    path = fill(tmp_path, ROWS)
    step = StepChange(Phase.END, "tool", "Bash", None, None, "ok")
    event = Event("custom", "a-new-session", 1_790_000_000_000, (step,))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        (outcome,) = Recorder(connection).append([event], 1_790_000_000_000)
    with closing(open_reader(path)) as reader:
        (last,) = queries.recent(reader, 1)
    assert (outcome.status, last.session_id) == ("stored", "a-new-session")


@pytest.mark.parametrize("question", QUESTIONS, ids=[question.name for question in QUESTIONS])
def test_each_question_has_an_answer_in_a_filled_database(filled: Path, question: Question) -> None:
    """What the benchmark of reading asks finds something, so that its times mean something."""
    with closing(open_with_companion(filled)) as reader:
        for number, place in enumerate(islice(places(filled), 3)):
            _ms, rows = answered(reader, question, place, number)
            assert 0 < rows <= PAGE_STEPS


@pytest.mark.parametrize("kind", KINDS)
def test_the_breakdown_has_a_time_for_each_part(tmp_path: Path, kind: str) -> None:
    """Each part of an event's way is told, and none of them is free."""
    parts = measured_parts(tmp_path / "parts.db", kind, 1000)
    assert tuple(parts) == PARTS
    assert min(parts.values()) > 0


def test_a_step_takes_more_on_the_disk_than_its_bare_row(filled: Path, tmp_path: Path) -> None:
    """The file holds what the bare rows hold, and indexes besides."""
    sizes = sizes_of(filled, tmp_path / "bare.db")
    assert sizes["steps"] == ROWS
    assert 0 < sizes["bare"] < sizes["file"]
