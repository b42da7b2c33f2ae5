"""What the viewer asks, and how SQLite goes about it."""

import re
import sqlite3

import pytest
from support.rows import START, Recording

from traced.store import pages
from traced.store.reader import ReadConnection
from traced.store.rows import SessionEntry
from traced.store.statements import statement
from traced.store.viewing import (
    SHARE_MAX,
    Filter,
    SessionView,
    prompt_view,
    session_list,
    session_view,
)

# With how SQLite finds the session's rows, or the next session.
STATEMENTS = {
    "view_sessions": "SEARCH session USING INDEX session_recent (last_event_at<?)",
    "view_bars": "SEARCH step USING INDEX step_in_order (session_pk=?)",
    "view_steps": "SEARCH step USING INDEX step_by_prompt (session_pk=?)",
    "view_prompts": "SEARCH step USING INDEX step_by_prompt (session_pk=?)",
    "view_kinds": "SEARCH step USING COVERING INDEX step_by_prompt (session_pk=?)",
    "view_notable": "SEARCH step USING COVERING INDEX step_by_prompt (session_pk=?)",
}
ALL = Filter()


def named(reader: ReadConnection, session_id: str = "s1") -> SessionEntry:
    """Return the session of this id."""
    return pages.exact_session(reader, session_id, None, None)


def viewed(reader: ReadConnection, wanted: Filter = ALL, steps_max: int = 400) -> SessionView:
    """Return the session s1."""
    return session_view(reader, named(reader), wanted, steps_max)


def orders(view: SessionView) -> dict[int, list[int]]:
    """Return the steps of each prompt."""
    return {number: [step.step_order for step in each] for number, each in view.steps.items()}


@pytest.mark.parametrize("name", STATEMENTS)
def test_only_the_session_is_read(connection: sqlite3.Connection, name: str) -> None:
    """No table is read through: a page costs what its session holds, whatever else is stored."""
    sql = re.sub(r"^--.*\n", "", statement(name), flags=re.MULTILINE)
    asked = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
    plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {sql}", asked)]

    assert STATEMENTS[name] in plan
    # The rows of a sub-query, of which there are as many as were asked for.
    assert {step for step in plan if step.startswith("SCAN")} <= {
        "SCAN fitting",
        "SCAN (subquery-1)",
        "SCAN (subquery-3)",
        "SCAN (subquery-4)",
    }


@pytest.mark.parametrize("name", ["view_sessions", "view_bars"])
def test_what_can_be_long_is_not_sorted(connection: sqlite3.Connection, name: str) -> None:
    """It is read off an index, and ends with its bound."""
    sql = re.sub(r"^--.*\n", "", statement(name), flags=re.MULTILINE)
    asked = dict.fromkeys(re.findall(r":(\w+)", sql), 1)

    plan = str(connection.execute(f"EXPLAIN QUERY PLAN {sql}", asked).fetchall())

    assert "TEMP B-TREE" not in plan


def test_a_session_by_prompts(recording: Recording, reader: ReadConnection) -> None:
    """The steps of each prompt come as they ran; its figures count them."""
    pk = recording.session(steps=4)
    recording.prompt(pk, 1, summary="one")
    recording.step(pk, 1, started_at=START + 9, ended_at=START + 20)
    recording.step(pk, 2, started_at=START, status="error")
    recording.step(pk, 3, prompt_number=2, status="running", started_at=START + 50)
    recording.step(pk, 4, prompt_number=2, status="denied", started_at=START + 60)

    view = viewed(reader)

    assert orders(view) == {1: [2, 1], 2: [3, 4]}
    assert view.figures[1] == (1, 2, 2, 1, 0, 0, START, START + 20)
    assert view.figures[2] == (2, 2, 2, 0, 1, 1, START + 50, START + 60)
    assert [prompt.summary for prompt in view.prompts] == ["one"]
    assert view.revision == 4


def test_there_is_room_for_the_last_prompts(recording: Recording, reader: ReadConnection) -> None:
    """A prompt has its share of the rows; what is left is for those before it."""
    pk = recording.session()
    recording.connection.execute("BEGIN")
    for order in range(1, 2 * SHARE_MAX + 1):
        recording.step(pk, order, prompt_number=1 if order <= 5 else 2 if order <= 10 else 3)
    recording.connection.execute("COMMIT")

    view = viewed(reader, steps_max=SHARE_MAX + 7)

    assert {number: len(each) for number, each in view.steps.items()} == {3: SHARE_MAX, 2: 5, 1: 2}
    assert view.steps[3][-1].step_order == 2 * SHARE_MAX
    assert view.figures[3].steps == 2 * SHARE_MAX - 10


def test_a_filter_counts_and_leaves_the_same(recording: Recording, reader: ReadConnection) -> None:
    """What fits is counted in each prompt, and nothing else is listed."""
    pk = recording.session()
    recording.step(pk, 1, name="Read", input_summary="A.py")
    recording.step(pk, 2, name="Read", output_summary="a.py")
    recording.step(pk, 3, prompt_number=2, name="Write", input_summary="a.py")
    recording.step(pk, 4, prompt_number=2, trace_type="mcp", source="a.py")

    text = viewed(reader, Filter(text="a.PY"))
    name = viewed(reader, Filter(name="Read", text="a.py"))

    assert orders(text) == {1: [1, 2], 2: [3, 4]}
    assert orders(name) == {1: [1, 2]}
    assert [figures.fitting for figures in name.figures.values()] == [2, 0]


def test_what_ran_is_drawn_whatever_is_listed(recording: Recording, reader: ReadConnection) -> None:
    """The picture of a prompt shows all its steps; an end alone is where it ended."""
    pk = recording.session()
    recording.step(pk, 1, started_at=START, ended_at=START + 5)
    recording.step(pk, 2, ended_at=START + 7)
    recording.step(pk, 3, started_at=START + 8, duration_ms=2.5)

    view = viewed(reader, Filter(status="error"))

    assert [(bar.began_at, bar.ended_at) for bar in view.bars] == [
        (START, START + 5),
        (START + 7, START + 7),
        (START + 8, START + 10.5),
    ]


def test_kinds_and_what_stands_out(recording: Recording, reader: ReadConnection) -> None:
    """The most frequent kind is first; the slowest step, and the one that failed last."""
    pk = recording.session()
    recording.step(pk, 1, duration_ms=10.0)
    recording.step(pk, 2, duration_ms=30.0, status="error")
    recording.step(pk, 3, trace_type="mcp", name="get", source="hub", duration_ms=99.0)
    recording.step(pk, 4, name="Read", status="denied")

    view = viewed(reader)

    assert [(kind.name, kind.source, kind.calls, kind.errors) for kind in view.kinds] == [
        ("Bash", None, 2, 1),
        ("get", "hub", 1, 0),
        ("Read", None, 1, 0),
    ]
    assert [each.step_order for each in view.notable if each.is_slow] == [3, 2, 1]
    assert {each.step_order for each in view.notable if not each.is_slow} == {2, 4}


def test_one_prompt_alone(recording: Recording, reader: ReadConnection) -> None:
    """Its steps and figures, and nothing of the others; a prompt without a step is one too."""
    pk = recording.session()
    recording.prompt(pk, 3)
    recording.step(pk, 1)
    recording.step(pk, 2, prompt_number=2)

    second = prompt_view(reader, named(reader), 2, ALL, 10)
    third = prompt_view(reader, named(reader), 3, ALL, 10)

    assert (orders(second), list(second.figures), len(second.bars)) == ({2: [2]}, [2], 1)
    assert (orders(third), len(third.prompts)) == ({3: []}, 1)


def test_sessions_with_their_first_prompt(recording: Recording, reader: ReadConnection) -> None:
    """A list is a page long, and goes on after its last."""
    for number in range(3):
        pk = recording.session(f"s{number}", last_event_at=START + number, steps=1)
        recording.prompt(pk, 1, summary=f"prompt {number}")
    recording.session("empty", last_event_at=START + 9)

    first = session_list(reader, 2)
    assert first.key is not None
    second = session_list(reader, 2, first.key)

    assert [each.title for each in first.sessions] == ["prompt 2", "prompt 1"]
    assert ([each.title for each in second.sessions], second.key) == (["prompt 0"], None)
    assert len(session_list(reader, 9, empty_too=True).sessions) == 4
