"""What steps become that are here already, or whose place is taken."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.exporting import Recorded, row
from support.store import NOW, rows


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Recorded]:
    """An empty database that keeps all content."""
    recorded = Recorded(tmp_path / "t.db")
    yield recorded
    recorded.close()


def native(name: str = "Bash", **said: Any) -> bytes:
    """Return the line of a step of session s1."""
    line = {"v": 1, "session_id": "s1", "trace_type": "tool", "name": name, **said}
    return json.dumps(line).encode()


def shown(room: Recorded, *columns: str) -> list[tuple[object, ...]]:
    """Return these columns of all steps, by their order."""
    query = f"SELECT {', '.join(columns)} FROM execution_traces ORDER BY step_order"
    return [tuple(found.values()) for found in rows(room.connection, query)]


def test_a_call_is_known_by_its_id_wherever_it_stands(room: Recorded) -> None:
    """It keeps its order; what it lacks is filled, what it has stays."""
    room.take([native(call_id="c1", duration_ms=5)])
    (outcome,) = room.take([
        row("step", call_id="c1", step_order=9, source="s", duration_ms=7, name="Other")
    ])  # fmt: skip

    assert (outcome.status, outcome.step_order) == ("stored", 1)
    assert shown(room, "step_order", "name", "source", "duration_ms") == [(1, "Bash", "s", 5)]


def test_a_call_whose_order_is_taken_goes_to_the_end(room: Recorded) -> None:
    """As what is imported does; twice is once all the same."""
    room.take([native("Here"), native("There")])
    call = row("step", call_id="c1", step_order=1, name="Call")

    assert [outcome.step_order for outcome in room.take([call, call])] == [3, 3]
    assert room.take([call])[0].status == "duplicate"
    assert shown(room, "step_order", "name") == [(1, "Here"), (2, "There"), (3, "Call")]


def test_an_event_whose_order_is_taken_goes_to_the_end(room: Recorded) -> None:
    """It is known by its id the next time, and so is the event itself."""
    room.take([native("Here")])
    step = row("step", name="There", event_id="e1")

    assert [outcome.step_order for outcome in room.take([step, step])] == [2, 2]
    assert room.take([step])[0].status == "duplicate"
    assert room.take([native("There", event_id="e1")])[0].status == "duplicate"
    assert shown(room, "name", "event_id") == [("Here", None), ("There", "e1")]


def test_a_step_that_its_event_tells_again_gets_what_it_lacks(room: Recorded) -> None:
    """In one batch, and in the next, wherever it stands."""
    room.take([native("Here"), row("step", name="There", event_id="e1"),
               row("step", name="There", event_id="e1", source="s")])  # fmt: skip
    (outcome,) = room.take([row("step", event_id="e1", content={"output": 5})])

    assert (outcome.status, outcome.step_order) == ("stored", 2)
    assert shown(room, "name", "source", "output")[1:] == [("There", "s", "5")]


def test_a_step_of_an_event_that_was_told_here_is_that_step(room: Recorded) -> None:
    """Although it was recorded at another time."""
    room.take([native("Here"), native("There", event_id="e1")])
    (outcome,) = room.take([row("step", name="There", event_id="e1", created_at=5, source="s")])

    assert (outcome.status, outcome.step_order) == ("stored", 2)
    assert shown(room, "source") == [(None,), ("s",)]


def test_a_step_without_any_id_whose_order_is_taken_is_refused(room: Recorded) -> None:
    """Nothing would tell it from others the next time; both are named."""
    room.take([native("Here")])
    (outcome,) = room.take([row("step", name="There", created_at=1)])

    assert (outcome.status, outcome.reason) == ("rejected", "bad_field")
    assert outcome.error == (
        "step_order is 1, expected one that is free: 'Here' has it here, and without a call or"
        " event id nothing tells whether 'There' is another step"
    )
    assert shown(room, "name") == [("Here",)]


def test_a_step_without_a_call_is_known_by_its_order_and_when_it_was_recorded(
    room: Recorded,
) -> None:
    """In one batch, and in the next."""
    step = row("step", status="running")
    assert [outcome.status for outcome in room.take([step, step])] == ["stored", "duplicate"]

    (outcome,) = room.take([row("step", status="error", error="no")])
    assert outcome.status == "stored"
    assert shown(room, "status", "error") == [("error", "no")]
    assert rows(room.connection, "SELECT errors FROM sessions") == [{"errors": 1}]


def test_what_runs_here_is_left_to_its_own_events(room: Recorded) -> None:
    """Whoever exported it knew less."""
    room.take([native(call_id="c1", phase="start")])
    (outcome,) = room.take([row("step", call_id="c1", error="no", status="error")])

    assert outcome.status == "duplicate"
    assert shown(room, "status") == [("running",)]


def test_what_its_own_hooks_tell_later_wins(room: Recorded) -> None:
    """In every column."""
    room.take([row("step", call_id="c1", status="error", error="row", duration_ms=1)])
    room.take([native(call_id="c1", phase="end", output="hook", duration_ms=2)])

    assert shown(room, "status", "output_summary", "duration_ms") == [("ok", "hook", 2)]


def test_content_that_is_missing_comes_in_once(room: Recorded) -> None:
    """A second time it is there, although it is not loaded to see."""
    room.take([row("step", call_id="c1")])
    full = row("step", call_id="c1", content={"input": {"a": 1}, "output": "x"})

    assert [room.take([full])[0].status for _ in range(2)] == ["stored", "duplicate"]
    assert shown(room, "input", "output") == [('{"a":1}', '"x"')]


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ({"duration_ms": 12.25, "permission_wait_ms": 0.75}, 0.75),
        ({"duration_ms": 12.25, "permission_wait_ms": 0.0}, 0.0),
        ({"status": "denied", "permission_wait_ms": 30.0}, 30.0),
        ({"status": "denied", "duration_ms": 12.25, "permission_wait_ms": 0.75}, 0.75),
        ({"permission_wait_ms": 3.0}, None),
        ({"duration_ms": 12.25, "permission_wait_ms": 1e30}, None),
        ({"status": "denied", "permission_wait_ms": 1e30}, None),
    ],
    ids=[
        "odd",
        "none",
        "denied",
        "denied with a duration",
        "of nothing",
        "no time",
        "denied for ever",
    ],
)
def test_a_wait_is_shown_as_it_was(
    room: Recorded, said: dict[str, Any], wait: float | None
) -> None:
    """It is not stored, but follows from when the agent asked; from nothing, nothing follows."""
    room.take([row("step", ended_at=NOW, **said)])

    assert shown(room, "permission_wait_ms", "duration_ms") == [(wait, said.get("duration_ms"))]


def test_a_step_goes_on_where_numbers_end(room: Recorded) -> None:
    """What is recorded next comes after it."""
    room.take([row("step", step_order=7), native("Next")])

    assert shown(room, "step_order") == [(7,), (8,)]
