import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from support.store import append, dump, end, event, start, statuses, whole, writer

from traced.core.event import Event, PermissionAsked, PromptSubmitted
from traced.store.recorder import Recorder

EVENTS: dict[str, Event] = {
    "a whole step": whole(event_id="e"),
    "a start": start("c1", event_id="e"),
    "an end": end("c1", event_id="e"),
    "a prompt": event(PromptSubmitted(None, "user", "do it"), event_id="e"),
    "a permission": event(PermissionAsked(5), event_id="e"),
    "an order": whole(step_order=9, event_id="e"),
}
UNITS_MAX = 100  # kept in memory, instead of thousands
STORED = {name: 9 if name == "an order" else 2 for name in EVENTS} | {
    "a prompt": None,
    "a permission": None,
}


def evict(recorder: Recorder) -> Recorder:
    """Let other sessions push the first out of memory."""
    append(recorder, *(whole(session=f"other-{number}") for number in range(2 * UNITS_MAX)))
    return recorder


def keep(recorder: Recorder) -> Recorder:
    """Go on as before."""
    return recorder


def restart(recorder: Recorder) -> Recorder:
    """Start another recorder on the same file."""
    return Recorder(recorder._connection)


@pytest.mark.parametrize("meantime", [keep, evict, restart])
@pytest.mark.parametrize("name", EVENTS)
def test_a_second_one_is_a_duplicate(
    connection: sqlite3.Connection,
    name: str,
    meantime: Callable[[Recorder], Recorder],
) -> None:
    """It is answered with the first's order, in its own batch and any later; nothing changes."""
    recorder = Recorder(connection, units_max=UNITS_MAX)
    outcomes = append(recorder, whole(), EVENTS[name], EVENTS[name], whole())
    recorder = meantime(recorder)
    before = dump(connection)
    outcomes += append(recorder, EVENTS[name], EVENTS[name])

    order = STORED[name]
    last = max(order or 1, 1) + 1
    assert statuses(outcomes) == [
        ("stored", 1),
        ("stored", order),
        ("duplicate", order),
        ("stored", last),
        ("duplicate", order),
        ("duplicate", order),
    ]
    assert dump(connection) == before


def test_an_event_with_another_content_is_a_duplicate_too(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """The id alone decides."""
    append(recorder, whole("Read", event_id="e"))
    outcomes = append(recorder, whole("Write", event_id="e"), start("c9", event_id="e"))

    assert statuses(outcomes) == [("duplicate", 1), ("duplicate", 1)]
    assert connection.execute("SELECT name FROM step").fetchall() == [("Read",)]


def test_a_rejected_event_is_not_remembered(recorder: Recorder) -> None:
    """What was refused may come again, and is looked at again."""
    append(recorder, whole(step_order=4))
    outcomes = append(recorder, whole(step_order=4, event_id="e"), whole(event_id="e"))
    outcomes += append(recorder, whole(event_id="e"))

    assert statuses(outcomes) == [("rejected", None), ("stored", 5), ("duplicate", 5)]


def test_an_event_id_counts_in_its_agent_and_session(recorder: Recorder) -> None:
    """Two clients may have the same idea of an id."""
    outcomes = append(
        recorder,
        whole(event_id="e"),
        whole(event_id="e", session="s2"),
        whole(event_id="e", agent="codex"),
        whole(event_id="e", session="s2", agent="codex"),
    )

    assert statuses(outcomes) == [("stored", 1)] * 4


@pytest.mark.parametrize("meantime", [keep, restart])
def test_what_two_clients_told_is_a_duplicate_by_what_it_is_known_by(
    connection: sqlite3.Connection, meantime: Callable[[Recorder], Recorder]
) -> None:
    """Each client has an id of its own, and is answered by it."""
    first, second = whole(event_id="a"), whole(event_id="b")
    first.known_by = second.known_by = "Stop:1"
    recorder = Recorder(connection)
    outcomes = append(recorder, first)
    outcomes += append(meantime(recorder), second)

    assert statuses(outcomes) == [("stored", 1), ("duplicate", 1)]
    assert [outcome.event_id for outcome in outcomes] == ["a", "b"]


def test_an_event_without_an_id_is_never_a_duplicate(recorder: Recorder) -> None:
    """Two that are byte for byte the same can both be genuine."""
    outcomes = append(recorder, whole(), whole())

    assert statuses(outcomes + append(recorder, whole())) == [
        ("stored", 1),
        ("stored", 2),
        ("stored", 3),
    ]


@pytest.mark.parametrize("event_id", ["\u2028", "'", '"', "\\", "😀", "a" * 128, "ü", "u\u0308"])
def test_any_text_is_an_id(path: Path, event_id: str) -> None:
    """It is known again after a restart, and by nothing that merely looks like it."""
    connection = writer(path)
    append(Recorder(connection), whole(event_id=event_id))
    outcomes = append(
        Recorder(connection), whole(event_id=event_id), whole(event_id=event_id + " ")
    )

    assert statuses(outcomes) == [("duplicate", 1), ("stored", 2)]
    connection.close()


def test_digests_of_any_size_and_sign_are_found_again(connection: sqlite3.Connection) -> None:
    """They are 64-bit numbers, half of them negative, and go through JSON on their way."""
    ids = [f"event-{number}" for number in range(2000)]
    append(Recorder(connection), *(whole(event_id=event_id) for event_id in ids))
    outcomes = append(Recorder(connection), *(whole(event_id=event_id) for event_id in ids))

    (lowest, highest) = connection.execute(
        "SELECT min(digest), max(digest) FROM seen_event"
    ).fetchone()
    assert lowest < -(2**62)
    assert highest > 2**62
    assert statuses(outcomes) == [("duplicate", order) for order in range(1, 2001)]
