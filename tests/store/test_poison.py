import sqlite3
from typing import Any

import pytest
from support.store import append, end, event, orders, rows, start, statuses, whole

from traced.core.event import AgentStarted, Event, PermissionAsked, PromptSubmitted, Rejected
from traced.store.recorder import Recorder

HALF = "\ud83d"  # of an emoji: no text that can be stored
NEIGHBOURS = 99
BROKEN: Any = object()  # what no database takes, and no ledger compares

POISONS: dict[str, Event] = {
    "half a character in a name": whole(f"Bash {HALF}", event_id="bad"),
    "half a character in a summary": whole(output_summary=HALF, event_id="bad"),
    "half a character in a call id": start(HALF, event_id="bad"),
    "half a character in its own id": whole(event_id=HALF),
    "half a character in a prompt": event(PromptSubmitted(HALF, "user", ""), event_id="bad"),
    "half a character in a sub-agent": event(AgentStarted(HALF, None, None), event_id="bad"),
    "a time beyond 64 bits": whole(started_at=2**63, event_id="bad"),
    "a time far below": whole(started_at=-(2**63) - 1, event_id="bad"),
    "an order beyond 64 bits": whole(step_order=2**64, event_id="bad"),
    "a prompt beyond 64 bits": whole(prompt_number=10**30, event_id="bad"),
    "a request beyond 64 bits": event(PermissionAsked(2**64), event_id="bad"),
    "a time between milliseconds": whole(started_at=0.5, event_id="bad"),
    "a negative duration": whole(duration_ms=-1.0, event_id="bad"),
    "a negative order": whole(step_order=-1, event_id="bad"),
    "a type that there is not": whole(trace_type="dream", event_id="bad"),
    "a text in place of a number": start("c", started_at="noon", event_id="bad"),
    "a thing that is no value": whole(input_summary=BROKEN, event_id="bad"),
    "a call id that is none": whole(call_id=BROKEN, event_id="bad"),
}


@pytest.mark.parametrize("name", POISONS)
@pytest.mark.parametrize("known", [True, False])
def test_what_is_refused_costs_itself_alone(
    recorder: Recorder, connection: sqlite3.Connection, *, name: str, known: bool
) -> None:
    """Its neighbours are stored in their order without a gap, its own session's too."""
    if known:
        append(recorder, whole(), whole(session="s2"))
    batch = [whole(session=f"s{number % 3}") for number in range(NEIGHBOURS)]
    batch.insert(50, POISONS[name])
    outcomes = append(recorder, *batch)

    assert [outcome.status for outcome in outcomes].count("stored") == NEIGHBOURS
    assert (outcomes[50].status, outcomes[50].reason) == ("rejected", "storage_error")
    first = 2 if known else 1
    assert [outcome.step_order for outcome in outcomes[0::3]][:3] == [1, 2, 3]
    assert orders(connection, "s0") == list(range(1, 34))
    assert orders(connection, "s1") == list(range(1, 33 + first))
    (row,) = rows(connection, "SELECT * FROM rejected_events")
    assert (row["reason"], row["session_id"], row["agent"]) == ("storage_error", "s1", "custom")


def test_what_was_refused_is_not_remembered(recorder: Recorder) -> None:
    """The same id may come again with what can be stored."""
    append(recorder, whole(event_id="bad"), session_poison("s2"))
    append(recorder, whole(duration_ms=-1.0, event_id="worse"))
    outcomes = append(recorder, whole(event_id="worse"), whole(event_id="bad"))

    assert statuses(outcomes) == [("stored", 2), ("duplicate", 1)]


def session_poison(session: str) -> Event:
    """Return an event that the database refuses."""
    return whole(duration_ms=-1.0, session=session)


@pytest.mark.parametrize("part", ["session_id", "agent"])
def test_a_session_that_cannot_be_stored_is_named_as_well_as_it_can(
    recorder: Recorder, connection: sqlite3.Connection, part: str
) -> None:
    """The row and the answer hold U+FFFD where there was no character."""
    poison = whole(event_id=f"e{HALF}")
    setattr(poison, part, f"x{HALF}\0y")
    outcomes = append(recorder, whole(), poison, whole())

    assert statuses(outcomes) == [("stored", 1), ("rejected", None), ("stored", 2)]
    assert outcomes[1].event_id == "e\ufffd"
    assert rows(connection, f"SELECT {part} FROM rejected_events") == [{part: "x\ufffd\ufffdy"}]
    assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)


def test_a_rejected_line_keeps_its_reason(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """Where what is kept of it, or was saved of it, is refused, the rest is still kept."""
    append(
        recorder,
        Rejected("too_long", f"cut in {HALF}", b"{", 9, "custom", f"s{HALF}"),
        Rejected("too_long", "9 MiB", b"{", 9, "custom", "s1", salvaged=session_poison("s1")),
        whole(),
    )

    assert rows(connection, "SELECT reason, detail, session_id FROM rejected_events") == [
        {"reason": "too_long", "detail": "cut in \ufffd", "session_id": "s\ufffd"},
        {"reason": "too_long", "detail": "9 MiB", "session_id": "s1"},
    ]
    assert orders(connection) == [1]


def test_a_batch_of_nothing_else_is_all_refused(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """Each event is kept as rejected; sessions and prompts that only they named are not there."""
    outcomes = append(recorder, *POISONS.values())

    assert [outcome.status for outcome in outcomes] == ["rejected"] * len(POISONS)
    for table in ("session", "prompt", "step", "sub_agent", "seen_event", "permission_ask"):
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM rejected").fetchone() == (len(POISONS),)


def test_effects_of_a_refused_event_are_taken_back(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """What it did in memory, before the database saw it, is not carried on by its neighbours."""
    append(recorder, start("c1"))
    poison = event(PromptSubmitted("p1", "user", HALF))
    append(recorder, whole(), poison, whole(), end("c1"))

    assert rows(connection, "SELECT * FROM prompts") == []
    assert rows(connection, "SELECT DISTINCT prompt_number, status FROM execution_traces") == [
        {"prompt_number": 0, "status": "ok"}
    ]


def test_the_recorder_goes_on_after_it(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """Counters are those of the database, so that ids have no gap and a restart changes nothing."""
    append(recorder, whole(), session_poison("s1"), whole(), session_poison("new"), whole())
    append(recorder, whole(session="s2"))

    assert rows(connection, "SELECT id, session_pk FROM step") == [
        {"id": 1, "session_pk": 1},
        {"id": 2, "session_pk": 1},
        {"id": 3, "session_pk": 1},
        {"id": 4, "session_pk": 2},
    ]
