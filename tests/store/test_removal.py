import re
import sqlite3
from functools import partial
from importlib import resources
from pathlib import Path

import pytest
from support.removing import LATER, delete, hide, told
from support.store import append, end, orders, rows, start, statuses, whole, writer

from traced.core.errors import StoreBusy
from traced.core.event import Rejected
from traced.store import removal
from traced.store.recorder import Recorder
from traced.store.removal import REMOVALS_KEPT
from traced.store.retention import DAY_MS, StepRange

TABLES = ("session", "step", "prompt", "sub_agent", "permission_ask", "seen_event")
VIEWS = ("sessions", "execution_traces", "prompts", "agents")


# Statements that look at all sessions, each with why.
OF_ALL_SESSIONS = {
    "count_recorded": "a copy has the hidden ones too",
    "note_keys_given": "their keys are not given again",
    "select_counters": "the same",
    "select_taken": "what came was not lost, whatever became of it",
}


def counts(connection: sqlite3.Connection, relations: tuple[str, ...]) -> dict[str, int]:
    """Return how many rows relations have."""
    return {
        each: connection.execute(f"SELECT count(*) FROM {each}").fetchone()[0] for each in relations
    }


def test_a_hidden_session_is_in_no_view(connection: sqlite3.Connection, recorder: Recorder) -> None:
    """Its rows are there still, and its neighbour's are shown as before."""
    append(recorder, *told("s1"), *told("s2"))
    shown = counts(connection, VIEWS)

    done = hide(recorder, 1)

    assert done.hidden == [("custom", "s1", -1)]
    assert counts(connection, VIEWS) == {view: count // 2 for view, count in shown.items()}
    assert counts(connection, ("step",)) == {"step": 4}


def test_a_hidden_session_leaves_nothing_behind(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """No row of any table, in slices of any size; its neighbour keeps each of its own."""
    append(recorder, *told("s1"), *told("s2"))
    connection.execute("INSERT INTO permission_ask VALUES (1, 7, 7), (2, 7, 7)")
    before = counts(connection, TABLES)

    hide(recorder, 1)
    delete(recorder, connection, rows_max=1)

    assert counts(connection, TABLES) == {table: count // 2 for table, count in before.items()}
    assert rows(connection, "SELECT DISTINCT session_id FROM execution_traces") == [
        {"session_id": "s2"}
    ]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.parametrize("deleted", ["before it is deleted", "after it is deleted"])
def test_a_session_that_gets_an_event_after_it_was_hidden_starts_anew(
    connection: sqlite3.Connection, recorder: Recorder, deleted: str
) -> None:
    """Its order is 1, its prompt has number 1, and what was seen before is new again."""
    append(recorder, *told("s1"))
    hide(recorder, 1)
    if deleted == "after it is deleted":
        delete(recorder, connection)

    outcomes = append(recorder, *told("s1"), now=LATER)
    delete(recorder, connection)

    assert statuses(outcomes) == [("stored", None), ("stored", None), ("stored", 1), ("stored", 2)]
    assert orders(connection) == [1, 2]
    assert rows(connection, "SELECT prompt_number FROM prompts") == [{"prompt_number": 1}]
    assert rows(connection, "SELECT steps FROM sessions") == [{"steps": 2}]


def test_the_end_of_a_removed_call_is_a_step_of_its_own(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """It came too late for its start."""
    append(recorder, start("c1"))
    hide(recorder, 1)

    assert statuses(append(recorder, end("c1"), now=LATER)) == [("stored", 1)]
    assert rows(connection, "SELECT status FROM execution_traces") == [{"status": "ok"}]


def test_a_session_that_was_used_meanwhile_stays(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """Whoever hides looks again: a plan is older than an event that just came."""
    append(recorder, *told("s1"), *told("s2"))
    append(recorder, whole(session="s1"), now=LATER)

    assert hide(recorder, 1, 2).hidden == [("custom", "s2", -1)]
    assert orders(connection, "s1") == [1, 2, 3]


def test_hiding_twice_is_hiding_once(connection: sqlite3.Connection, recorder: Recorder) -> None:
    """The second time there is nothing to hide, and nothing is told twice."""
    append(recorder, *told("s1"))
    hide(recorder, 1)

    assert hide(recorder, 1).hidden == []
    assert counts(connection, ("removal",)) == {"removal": 1}


def test_steps_of_sessions_that_are_not_hidden_cannot_be_deleted(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """Ids that were read from another database do no harm."""
    append(recorder, *told("s1"), *told("s2"))
    hide(recorder, 1)
    before = orders(connection, "s2")

    recorder.remove(partial(removal.delete_steps, ids=list(range(100))))
    recorder.remove(partial(removal.delete_rest, pks=[1, 2], rows_max=1000))

    assert orders(connection, "s2") == before
    assert rows(connection, "SELECT pk FROM session") == [{"pk": 2}]


def test_a_session_with_steps_is_not_deleted(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """First its steps go, whoever asks for what order."""
    append(recorder, *told("s1"))
    hide(recorder, 1)

    recorder.remove(partial(removal.delete_rest, pks=[1], rows_max=1000))

    assert counts(connection, ("session", "step", "prompt")) == {
        "session": 1, "step": 2, "prompt": 0,
    }  # fmt: skip


def test_a_hidden_session_is_not_closed_when_its_agent_is_lost(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """Else the session would come back, empty."""
    append(recorder, *told("s1"))
    hide(recorder, 1)

    assert recorder.running_sessions(0, 9) == []
    assert recorder.agents_of(["s1"]) == {"s1": None}


def test_keys_are_not_given_again(path: Path, connection: sqlite3.Connection) -> None:
    """After a restart too: whoever keeps copies knows sessions by their keys."""
    recorder = Recorder(connection)
    append(recorder, *told("s1"), *told("s2"))
    hide(recorder, 1, 2)
    delete(recorder, connection)

    append(Recorder(connection), *told("s3"), now=LATER)

    assert rows(connection, "SELECT pk FROM session") == [{"pk": 3}]
    assert rows(connection, "SELECT pk FROM prompt") == [{"pk": 3}]


def test_revisions_go_on(connection: sqlite3.Connection) -> None:
    """Removing the newest steps does not set them back."""
    recorder = Recorder(connection)
    append(recorder, *told("s1"))
    (highest,) = connection.execute("SELECT max(revision) FROM step").fetchone()
    hide(recorder, 1)
    delete(recorder, connection)

    append(Recorder(connection), whole(session="s3"), now=LATER)

    assert connection.execute("SELECT min(id) FROM step").fetchone()[0] > highest


def test_removals_are_told_to_who_keeps_copies(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """With the ids of their steps, in the order of removing."""
    append(recorder, *told("s1"), *told("s2"))
    for pk, first, last in ((2, 5, 8), (1, 1, 4)):
        ranges = [StepRange(pk, first, last)]
        recorder.remove(
            partial(removal.hide, sessions=ranges, unused_since=LATER - DAY_MS, now=LATER)
        )

    assert connection.execute("SELECT * FROM removal ORDER BY id").fetchall() == [
        (1, 2, LATER, 5, 8),
        (2, 1, LATER, 1, 4),
    ]


def test_old_removals_are_forgotten(connection: sqlite3.Connection, recorder: Recorder) -> None:
    """The last are kept, and their numbers go on."""
    append(recorder, *told("s1"))
    connection.execute(
        "INSERT INTO removal VALUES (1, 98, 0, 1, 1), (?, 99, 0, 2, 2)", (REMOVALS_KEPT,)
    )

    hide(recorder, 1)

    found = connection.execute("SELECT id, session_pk FROM removal ORDER BY id").fetchall()
    assert found == [(REMOVALS_KEPT, 99), (REMOVALS_KEPT + 1, 1)]


def test_old_rejected_rows_go_and_make_room(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """The oldest first; of what came since, none."""
    for at in (1, 2, 3):
        append(recorder, Rejected("not_json", f"from {at}", None, 0), now=at)

    work = partial(removal.delete_rejected, before=3, rows_max=1)
    counted = [recorder.remove(work).rejected_rows for _ in range(3)]

    assert counted == [1, 1, 0]
    assert rows(connection, "SELECT detail FROM rejected") == [{"detail": "from 3"}]


def test_rejected_rows_go_by_their_ids(connection: sqlite3.Connection, recorder: Recorder) -> None:
    """Those that are named and there; the others stay."""
    for at in (1, 2, 3):
        append(recorder, Rejected("not_json", f"from {at}", None, 0), now=at)

    done = recorder.remove(partial(removal.delete_rejected_rows, ids=[1, 3, 99]))

    assert done.rejected_rows == 2
    assert rows(connection, "SELECT detail FROM rejected") == [{"detail": "from 2"}]


def test_a_locked_database_is_told_as_busy_and_costs_nothing(path: Path) -> None:
    """Nothing is hidden, and what was in memory is loaded again."""
    connection, other = writer(path), writer(path)
    recorder = Recorder(connection)
    append(recorder, *told("s1"))
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreBusy):
        hide(recorder, 1)
    other.execute("ROLLBACK")

    assert statuses(append(recorder, whole(session="s1"))) == [("stored", 3)]
    other.close()
    connection.close()


def test_every_statement_knows_of_hidden_sessions() -> None:
    """Who reads the table and not its view leaves out by himself what no view shows."""
    forgetful = {
        file.name.removesuffix(".sql")
        for file in resources.files("traced.sql").iterdir()
        if file.name.endswith(".sql")
        and re.search(r"(FROM|JOIN) session\b", file.read_text(encoding="utf-8"))
        and "removed_at" not in file.read_text(encoding="utf-8")
    }

    assert forgetful == set(OF_ALL_SESSIONS)
