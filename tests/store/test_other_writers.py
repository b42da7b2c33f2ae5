"""Another one writes into the same database, by whatever accident: nothing kept is used stale."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.store import append, end, event, orders, rows, start, statuses, whole, writer

from traced.core.errors import AlreadyRunning, StoreBroken
from traced.core.event import PromptSubmitted
from traced.store.recorder import Recorder


@pytest.fixture
def other(recorder: Recorder, path: Path) -> Iterator[Recorder]:
    """A second recorder on the database that `recorder` has opened and written to."""
    append(recorder, whole(event_id="first"))
    with closing(writer(path)) as connection:
        yield Recorder(connection)


def test_two_recorders_give_no_number_twice(
    recorder: Recorder, other: Recorder, connection: sqlite3.Connection
) -> None:
    """Steps of one session get the orders 1..n, whoever stores them, and none is rejected."""
    told = [statuses(append(each, whole(), whole())) for each in (other, recorder) * 3]

    assert told == [[("stored", 2 * n), ("stored", 2 * n + 1)] for n in range(1, 7)]
    assert orders(connection) == list(range(1, 14))
    assert rows(connection, "SELECT * FROM rejected_events") == []


def test_each_knows_the_sessions_of_the_other(
    recorder: Recorder, other: Recorder, connection: sqlite3.Connection
) -> None:
    """A session or a prompt that the other began is not overwritten by one of the same number."""
    append(other, event(PromptSubmitted(None, "user", "theirs"), session="theirs"))
    append(recorder, event(PromptSubmitted(None, "user", "ours"), session="ours"))

    found = rows(connection, "SELECT session_id, prompt_number, summary FROM prompts")
    assert [tuple(row.values()) for row in found] == [("theirs", 1, "theirs"), ("ours", 1, "ours")]


def test_each_knows_the_events_and_calls_of_the_other(
    recorder: Recorder, other: Recorder, connection: sqlite3.Connection
) -> None:
    """An event that the other stored is a duplicate, and a call that it began is ended."""
    append(other, start("c1", event_id="e1"))

    assert statuses(append(recorder, start("c1", event_id="e1"))) == [("duplicate", 2)]
    assert statuses(append(recorder, end("c1", event_id="e2"))) == [("stored", 2)]
    (step,) = rows(connection, "SELECT status FROM execution_traces WHERE call_id = 'c1'")
    assert step == {"status": "ok"}


def test_nothing_is_written_on_top_of_what_the_owner_of_the_lock_wrote(path: Path) -> None:
    """Whoever has lost the lock stores nothing more, at the first attempt and at each later one."""
    owned = True

    def keep_lock() -> None:
        if not owned:
            raise AlreadyRunning("taken")

    with closing(writer(path)) as connection, closing(writer(path)) as others:
        recorder = Recorder(connection, keep_lock)
        append(recorder, whole())
        owned = False
        append(Recorder(others), whole())
        for _ in range(2):
            with pytest.raises(AlreadyRunning, match="taken"):
                append(recorder, whole())

        assert orders(others) == [1, 2]
        owned = True
        assert statuses(append(recorder, whole())) == [("stored", 3)]


def test_the_lock_is_not_looked_at_while_nobody_else_writes(path: Path) -> None:
    """It would cost each batch; to be read or copied into the main file changes nothing."""
    looks: list[None] = []
    with closing(writer(path)) as connection, closing(writer(path)) as reader:
        recorder = Recorder(connection, lambda: looks.append(None))
        for _ in range(3):
            append(recorder, whole())
            orders(reader)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert len(looks) == 1


def test_a_step_that_somebody_put_in_by_hand_is_no_obstacle(
    recorder: Recorder, other: Recorder, connection: sqlite3.Connection
) -> None:
    """Numbers go on above its own, though it was never given."""
    put_by_hand(other._connection, 3)

    assert statuses(append(recorder, whole(), whole(), whole())) == [
        ("stored", n) for n in (1001, 1002, 1003)
    ]
    assert rows(connection, "SELECT * FROM rejected_events") == []


def test_a_number_that_is_taken_costs_no_event(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """It is not the event's fault: it is kept, and stored by who opens the database anew."""
    append(recorder, whole())
    put_by_hand(connection, 3)
    with pytest.raises(StoreBroken, match=r"step\.id"):
        append(recorder, whole(), whole())

    assert rows(connection, "SELECT * FROM rejected_events") == []
    assert statuses(append(Recorder(connection), whole())) == [("stored", 1001)]


def put_by_hand(connection: sqlite3.Connection, step_id: int) -> None:
    """Copy the first step, with a number that the ledger knows nothing of, as step 1000."""
    columns = [row["name"] for row in rows(connection, "PRAGMA table_info(step)")]
    given = {"id": str(step_id), "revision": str(step_id), "step_order": "1000"}
    values = ", ".join(given.get(column, column) for column in columns)
    connection.execute(f"INSERT INTO step SELECT {values} FROM step WHERE id = 1")
