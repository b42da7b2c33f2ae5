"""Calls without an id over batches, restarts and evictions: always the same rows."""

import sqlite3
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import pytest
from support.store import append, event, whole

from traced.core.event import Event, Phase, PromptEnded, PromptSubmitted, StepChange
from traced.core.ledger.alike import ALIKE_MAX
from traced.store.recorder import Recorder

KEY = -(2**63)  # the lowest that a digest of 64 bits may give


def told(at: int, phase: Phase, output: str | None = None, **said: Any) -> Event:
    """Return one event of a call without an id."""
    is_start = phase is Phase.START
    times = {"started_at": at} if is_start else {"ended_at": at, "status": "ok"}
    change = StepChange(
        phase, "tool", "Bash", match_key=KEY, output_summary=output, output=output, **times, **said
    )
    return event(change, at=at)


def begin(at: int) -> Event:
    """Return the start of a call without an id."""
    return told(at, Phase.START)


def finish(at: int, output: str) -> Event:
    """Return the end of a call without an id."""
    return told(at, Phase.END, output)


EVENTS = (begin(10), begin(20), finish(30, "a"), finish(40, "b"))


def rows(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Return what the steps with a key say."""
    query = (
        "SELECT started_at, ended_at, status, output_summary, output, call_id FROM step"
        " WHERE match_key IS NOT NULL ORDER BY coalesce(started_at, ended_at)"
    )
    return [tuple(row) for row in connection.execute(query)]


def evict(recorder: Recorder) -> Recorder:
    """Let other calls of the session push out those that have ended."""
    append(recorder, *(whole() for _ in range(40)))
    return recorder


def keep(recorder: Recorder) -> Recorder:
    """Go on as before."""
    return recorder


def restart(recorder: Recorder) -> Recorder:
    """Start another recorder on the same file."""
    return Recorder(recorder._connection)


@pytest.mark.parametrize("meantime", [keep, evict, restart])
@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
def test_rows_survive_what_happens_in_between(
    connection: sqlite3.Connection,
    order: Sequence[int],
    meantime: Callable[[Recorder], Recorder],
) -> None:
    """In any order, each event in a batch of its own: two rows, and content with its end."""
    recorder = Recorder(connection)
    for number in order:
        assert [outcome.status for outcome in append(recorder, EVENTS[number])] == ["stored"]
        recorder = meantime(recorder)

    assert rows(connection) == [
        (10, 30, "ok", "a", "a", None),
        (20, 40, "ok", "b", "b", None),
    ]


@pytest.mark.parametrize("meantime", [keep, evict, restart])
def test_a_point_that_is_told_late_tells_calls_apart(
    connection: sqlite3.Connection, meantime: Callable[[Recorder], Recorder]
) -> None:
    """The first call was stopped with its prompt, which is known only after the second ended."""
    recorder = Recorder(connection)
    append(recorder, event(PromptSubmitted(None, "user", "do it"), at=1), begin(10))
    append(recorder, begin(20), finish(30, "a"))
    recorder = meantime(recorder)

    append(recorder, event(PromptEnded(None), at=15))

    assert [row[:3] for row in rows(connection)] == [(10, None, "unknown"), (20, 30, "ok")]


def test_one_batch_is_as_many(connection: sqlite3.Connection) -> None:
    """A start that comes last in a batch changes places within it."""
    append(Recorder(connection), EVENTS[2], EVENTS[1], EVENTS[3], EVENTS[0])

    assert [row[:4] for row in rows(connection)] == [(10, 30, "ok", "a"), (20, 40, "ok", "b")]


def test_only_the_latest_are_looked_at(connection: sqlite3.Connection) -> None:
    """What began before a hundred others of its kind is ended by nobody."""
    recorder = Recorder(connection)
    append(recorder, *(begin(at) for at in range(1, ALIKE_MAX + 2)))
    recorder = Recorder(connection)

    append(recorder, finish(1000, "a"))

    assert [row[0] for row in rows(connection) if row[2] == "ok"] == [2]
    assert len(rows(connection)) == ALIKE_MAX + 1


def test_a_second_one_with_its_id_changes_nothing(connection: sqlite3.Connection) -> None:
    """Payloads with the agent's own time have an id that is derived from them."""
    recorder = Recorder(connection)
    again = [begin(10), begin(10)]
    for each in again:
        each.event_id = "digest"

    assert [outcome.status for outcome in append(recorder, *again)] == ["stored", "duplicate"]
    assert len(rows(connection)) == 1
