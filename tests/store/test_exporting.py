"""What an export reads."""

import re
import sqlite3
import tracemalloc

import pytest
from support.rows import START, Recording

from traced.store import exporting
from traced.store.exporting import PromptEntry, SessionRows, Wanted, rows
from traced.store.reader import ReadConnection
from traced.store.rows import Step
from traced.store.statements import statement

ALL = Wanted()
# With how SQLite goes on from the key of the page before.
STATEMENTS = {
    "export_sessions": "SEARCH session USING INTEGER PRIMARY KEY (rowid>?)",
    "export_prompts": "SEARCH step USING COVERING INDEX step_by_prompt"
    " (session_pk=? AND prompt_number>?)",
    "export_steps": "SEARCH step USING INDEX step_by_prompt"
    " (session_pk=? AND prompt_number=? AND step_order>?)",
}


def told(reader: ReadConnection, wanted: Wanted = ALL) -> list[str]:
    """Return the rows in short: s1, its sub-agents, #1, its steps by their order."""
    found = []
    for row in rows(reader, wanted):
        if isinstance(row, SessionRows):
            found.append(row.entry.session.session_id)
            found += [agent.agent_id for agent in row.agents]
        elif isinstance(row, PromptEntry):
            found.append(f"#{row.prompt.prompt_number}" + ("" if row.is_recorded else " only used"))
        else:
            found.append(str(row.step_order))
    return found


@pytest.fixture
def two_sessions(recording: Recording) -> Recording:
    """s1 with a sub-agent, two prompts and a step before them; s2 a second later, of codex."""
    first = recording.session("s1", started_at=START)
    recording.agent(first, "a1")
    recording.prompt(first, 1, started_at=START + 1000)
    recording.prompt(first, 2, started_at=START + 5000)
    recording.step(first, 1, prompt_number=0, started_at=START)
    recording.step(first, 2, prompt_number=1, started_at=START + 1000)
    recording.step(first, 4, prompt_number=1, started_at=START + 6000)
    recording.step(first, 3, prompt_number=2, started_at=START + 5000, input='"in"')
    second = recording.session("s2", agent="codex", started_at=START + 1000)
    recording.step(second, 1, prompt_number=1, started_at=START + 1000)
    return recording


def test_a_session_comes_with_all_that_hangs_on_it(
    two_sessions: Recording, reader: ReadConnection
) -> None:
    """Its sub-agents, then its prompts, each with its steps; a number without a row is told."""
    assert told(reader) == [
        *["s1", "a1", "#0 only used", "1", "#1", "2", "4", "#2", "3"],
        *["s2", "#1 only used", "1"],
    ]


def test_one_session_or_one_agents(two_sessions: Recording, reader: ReadConnection) -> None:
    """Nothing of any other."""
    assert told(reader, ALL._replace(session_pk=1))[0] == "s1"
    assert told(reader, ALL._replace(session_pk=2)) == ["s2", "#1 only used", "1"]
    assert told(reader, ALL._replace(agent="codex")) == ["s2", "#1 only used", "1"]
    assert told(reader, ALL._replace(owner_uid=1000)) == []


def test_a_time_is_that_of_the_beginning(two_sessions: Recording, reader: ReadConnection) -> None:
    """Steps that began in it, with the prompts and sessions that they need; the end is outside."""
    late = ALL._replace(since_ms=START + 5000)
    early = ALL._replace(until_ms=START + 1000)

    assert told(reader, late) == ["s1", "a1", "#1", "4", "#2", "3"]
    assert told(reader, early) == ["s1", "a1", "#0 only used", "1"]


def test_sessions_without_anything_are_told_unless_a_time_is_asked_for(
    recording: Recording, reader: ReadConnection
) -> None:
    """An export of all is complete."""
    recording.session("empty", started_at=START)

    assert told(reader) == ["empty"]
    assert told(reader, ALL._replace(since_ms=START)) == []


def test_removed_sessions_are_not_told(two_sessions: Recording, reader: ReadConnection) -> None:
    """Not even while their rows are still there."""
    two_sessions.remove(1, whole=False)

    assert told(reader) == ["s2", "#1 only used", "1"]


def test_content_is_read_only_where_asked_for(
    two_sessions: Recording, reader: ReadConnection
) -> None:
    """It can be megabytes a step."""
    inputs = [
        {row.input for row in rows(reader, ALL._replace(content=content)) if isinstance(row, Step)}
        for content in (True, False)
    ]

    assert inputs == [{'"in"', None}, {None}]


def test_a_prompt_comes_with_when_its_steps_ran(
    two_sessions: Recording, reader: ReadConnection
) -> None:
    """What stands in for times that it lacks."""
    found = [row for row in rows(reader, ALL) if isinstance(row, PromptEntry)]

    assert [(row.first_ms, row.last_ms) for row in found[:2]] == [
        (START, START),
        (START + 1000, START + 6000),
    ]


def test_pages_follow_on_each_other(
    recording: Recording, reader: ReadConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their size, every row comes once, in order."""
    for name in ("SESSIONS_PAGE", "PROMPTS_PAGE", "STEPS_PAGE"):
        monkeypatch.setattr(exporting, name, 2)
    for session in range(5):
        pk = recording.session(f"s{session}")
        for order in range(1, 8):
            recording.step(pk, order, prompt_number=1 if order < 6 else order)
    one = ["#1 only used", "1", "2", "3", "4", "5", "#6 only used", "6", "#7 only used", "7"]

    assert told(reader) == [each for session in range(5) for each in (f"s{session}", *one)]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_page_begins_where_the_one_before_ended(
    connection: sqlite3.Connection, name: str
) -> None:
    """No page reads again what was read, and none reads the table of steps through."""
    sql = re.sub(r"^ *--.*\n", "", statement(name), flags=re.MULTILINE)
    asked = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
    plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", asked)]

    assert STATEMENTS[name] in plan
    assert not [step for step in plan if step.startswith("SCAN step")]


def test_memory_does_not_grow_with_steps(recording: Recording, reader: ReadConnection) -> None:
    """40 MB of content pass through a few."""
    pk = recording.session()
    for order in range(1, 41):
        recording.step(pk, order, input="x" * 1_000_000)

    tracemalloc.start()
    try:
        count = sum(1 for _ in rows(reader, ALL))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 42
    assert peak_bytes < 20_000_000
