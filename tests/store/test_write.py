import re
import sqlite3
from typing import Any

import pytest
from support.store import NOW, append, end, event, rows, start, whole

from traced.core.event import (
    AgentStarted,
    Event,
    PermissionAsked,
    Phase,
    Rejected,
    SessionEnded,
    SessionStarted,
    StepChange,
)
from traced.core.ledger.batch import Ask, Batch
from traced.core.ledger.step import EXPLICIT_PROMPT, PROMPT_SHIFT, StepState
from traced.store import write
from traced.store.recorder import Recorder
from traced.store.statements import statement

CONTENT = '{"command":"' + "x" * 100_000 + '"}'


def columns(name: str) -> list[str]:
    """Return the columns that an INSERT names, in their order."""
    found = re.search(r"INSERT INTO \w+ \((.*?)\)", statement(name), re.DOTALL)
    assert found
    return re.findall(r"\w+", found[1])


def by_sub_agent(agent_id: str, **fields: Any) -> Event:
    """Return a whole step of a sub-agent."""
    return whole(agent_id=agent_id, **fields)


def launch(call_id: str, agent_id: str, **fields: Any) -> Event:
    """Return the end of a call that launched a sub-agent."""
    change = StepChange(
        Phase.END, "agent", "Task", call_id, child_agent_id=agent_id, status="ok", **fields
    )
    return event(change)


@pytest.mark.parametrize("name", ["insert_steps", "put_steps"])
def test_a_step_is_written_as_it_is_held(connection: sqlite3.Connection, name: str) -> None:
    """The columns of the statement, of the table and of the state are the same, in one order."""
    table = [column[1] for column in connection.execute("PRAGMA table_info(step)")]

    assert columns(name) == table == list(StepState.__struct_fields__)


def test_all_of_a_step_can_change_but_what_it_is() -> None:
    """A row keeps its identity, and what its first event alone knew."""
    changing = re.findall(r"^    (\w+) = ", statement("put_steps"), re.MULTILINE)

    assert set(columns("put_steps")) - set(changing) == {
        "id",
        "session_pk",
        "step_order",
        "call_id",
        "event_id",
        "peer_uid",
        "created_at",
    }


def test_sql_and_ledger_agree_on_explicit_prompts() -> None:
    """Which steps are moved is decided in both; three bits of `ranks` tell."""
    assert f"(step.ranks >> {PROMPT_SHIFT}) & 7 <> {EXPLICIT_PROMPT}" in statement(
        "select_steps_to_move"
    )


@pytest.mark.parametrize("count", [49, 50, 250])
def test_a_column_that_no_row_of_a_statement_tells_is_null(
    connection: sqlite3.Connection, recorder: Recorder, count: int
) -> None:
    """It is left out where that is worth it, and null either way; one row that tells is enough."""
    append(
        recorder,
        *(whole(f"n{number}", source="x" * (number == 7) or None) for number in range(count)),
    )
    found = rows(connection, "SELECT name, call_id, source FROM step ORDER BY id")

    assert found == [
        {"name": f"n{number}", "call_id": None, "source": "x" if number == 7 else None}
        for number in range(count)
    ]


def test_what_many_rows_have_no_more_is_null_again(
    connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """Sessions that were ended and are resumed, sixty in one statement."""
    names = [f"s{number}" for number in range(60)]
    append(recorder, *(event(SessionEnded("exit"), session=name) for name in names))
    append(recorder, *(event(SessionStarted(continues=False), session=name) for name in names))
    found = rows(connection, "SELECT DISTINCT ended_at, end_reason FROM session")

    assert found == [{"ended_at": None, "end_reason": None}]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 49, 50, 61, 249, 250, 311, 1000])
def test_any_number_of_rows_is_written(connection: sqlite3.Connection, count: int) -> None:
    """Statements of a few sizes share them out."""
    append(Recorder(connection), whole())
    write.seen(connection, [(1, digest, digest) for digest in range(count)])

    found = connection.execute("SELECT digest, step_order FROM seen_event").fetchall()
    assert found == [(digest, digest) for digest in range(count)]


def test_the_largest_statement_is_within_sqlites_bound() -> None:
    """As many variables as the widest table has columns, times the rows."""
    assert write.ROWS_A_STATEMENT[0] * len(columns("insert_steps")) <= 32_766
    assert write.ROWS_A_STATEMENT[-1] == 1


def test_steps_that_move_get_a_revision_each(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """Readers who go by revisions see each; a step that named its prompt itself stays."""
    append(
        recorder,
        by_sub_agent("a2"),
        by_sub_agent("a1"),
        by_sub_agent("a1", prompt_number=5),
        by_sub_agent("a1"),
    )
    (before,) = connection.execute("SELECT max(revision) FROM step").fetchone()
    append(recorder, whole(prompt_number=3), launch("c1", "a1", prompt_number=3))

    found = rows(connection, "SELECT agent_id, prompt_number, revision FROM step ORDER BY id")
    assert [(row["agent_id"], row["prompt_number"]) for row in found] == [
        ("a2", 0),
        ("a1", 3),
        ("a1", 5),
        ("a1", 3),
        (None, 3),
        (None, 3),
    ]
    moved = [found[1]["revision"], found[3]["revision"]]
    assert moved == [before + 3, before + 4]
    assert connection.execute("SELECT sequence FROM ledger").fetchone() == (before + 4,)


def test_steps_of_the_same_batch_move_too(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """The last move of a batch counts, for steps before and after it."""
    append(
        recorder,
        by_sub_agent("a1"),
        event(AgentStarted("a1", None, None)),
        whole(prompt_number=2),
        launch("c1", "a1", prompt_number=2),
        by_sub_agent("a1"),
    )

    assert rows(connection, "SELECT prompt_number FROM step WHERE agent_id = 'a1'") == [
        {"prompt_number": 2},
        {"prompt_number": 2},
    ]


def test_a_request_that_is_dropped_may_wait_again(connection: sqlite3.Connection) -> None:
    """One batch may let go of a permission request and take the same one again."""
    append(Recorder(connection), event(PermissionAsked(7)))
    changes = Batch(sequence=5, now=NOW)
    changes.asks_done.append(Ask(1, 7, NOW))
    changes.asks_new[Ask(1, 7, NOW)] = None
    write.batch(connection, changes)

    assert connection.execute("SELECT * FROM permission_ask").fetchall() == [(1, 7, NOW)]


@pytest.mark.parametrize("restart", [True, False])
def test_content_stays_while_a_step_changes(
    connection: sqlite3.Connection, *, restart: bool
) -> None:
    """It is in the database alone: neither kept in memory nor loaded, and yet not lost."""
    recorder = Recorder(connection)
    append(recorder, start("c1", input=CONTENT, input_summary="x"))
    recorder = Recorder(connection) if restart else recorder
    append(recorder, end("c1", output='"done"'))
    append(recorder, end("c1", error="late", output='"done"'))

    assert rows(connection, "SELECT input, output, error, status FROM step") == [
        {"input": CONTENT, "output": '"done"', "error": "late", "status": "ok"}
    ]


@pytest.mark.parametrize("restart", [True, False])
def test_content_of_a_stronger_witness_counts(
    connection: sqlite3.Connection, *, restart: bool
) -> None:
    """The end's own input replaces that of the start, whichever came first."""
    for call_id, first, second in (("c1", start, end), ("c2", end, start)):
        recorder = Recorder(connection)
        append(recorder, first(call_id, input=f'"{first.__name__}"'))
        recorder = Recorder(connection) if restart else recorder
        append(recorder, second(call_id, input=f'"{second.__name__}"'))

    assert rows(connection, "SELECT input FROM step") == [{"input": '"end"'}, {"input": '"end"'}]


def test_no_content_stays_no_content(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """What was not captured is null, however often its step is written."""
    append(recorder, start("c1"))
    append(recorder, end("c1"))

    assert rows(connection, "SELECT input, output FROM step") == [{"input": None, "output": None}]


def test_of_one_place_in_the_spool_one_rejection_is_kept(connection: sqlite3.Connection) -> None:
    """Without a place each is kept; a discard has its kind and how many it was."""
    one = Rejected("not_json", "d", None, 1, origin="f:0")
    lost = Rejected("shutdown", "d", None, 0, kind="discarded", count=3)
    counts = [write.rejected(connection, [one, lost], NOW), write.rejected(connection, [one], NOW)]
    query = "SELECT kind, reason, count FROM rejected ORDER BY id"

    assert counts == [2, 0]
    assert connection.execute(query).fetchall() == [
        ("rejected", "not_json", 1),
        ("discarded", "shutdown", 3),
    ]
