"""
From states to rows: what a batch changed, in statements of many rows.

Law: statements of many rows only. One `INSERT` of 250 rows stays out of the interpreter until it
is done; `executemany` comes back for every row, and fell to 2 % of its rate beside a busy loop.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain, compress
from operator import itemgetter
from typing import Final

import msgspec

from traced.core.event import Rejected
from traced.core.ledger.batch import Batch
from traced.core.ledger.session import PromptState, SessionState, SubAgentState
from traced.store.statements import json_list, statement

Row = Sequence[object]

# A fixed set of sizes keeps the number of prepared statements small; 250 rows of 28 columns stay
# under SQLite's limit of 32,766 variables, and larger statements gained nothing.
ROWS_A_STATEMENT: Final = (250, 50, 10, 1)
# Binding None costs 300 ns, a number 20: sqlite3 looks for an adapter of it (CPython 3.11). So
# columns in which no row says anything are left out, where that is worth another statement.
ROWS_LEAVING_OUT_MIN: Final = 50

_COLUMNS: Final = re.compile(r"INSERT[^(]*?\(([^)]*)\)", re.DOTALL)
_VALUES: Final = re.compile(r"VALUES\s*(\(\?[^)]*\))")


def batch(connection: sqlite3.Connection, changes: Batch) -> None:
    """Write all that the batch changed, inside the caller's transaction."""
    _put(connection, "put_sessions", [_session(each) for each in changes.sessions.values()])
    _put(connection, "put_prompts", [_prompt(*each) for each in changes.prompts.values()])
    _put(
        connection,
        "insert_steps",
        [msgspec.structs.astuple(step) for step in changes.new_steps.values()],
    )
    _put(
        connection,
        "put_steps",
        [msgspec.structs.astuple(step) for step in changes.changed_steps.values()],
    )
    _put(connection, "put_sub_agents", [_sub_agent(*each) for each in changes.sub_agents.values()])
    for ask in changes.asks_done:  # first, for the same request may wait once more
        connection.execute(statement("delete_ask"), (ask.session_pk, ask.match_key, ask.asked_at))
    _put(
        connection,
        "insert_asks",
        [(ask.session_pk, ask.match_key, ask.asked_at) for ask in changes.asks_new],
    )
    _move(connection, changes)
    _revise(connection, changes)
    connection.execute(statement("update_sequence"), (changes.sequence,))
    _drop_content(changes)


def seen(connection: sqlite3.Connection, rows: Sequence[tuple[int, int, int | None]]) -> None:
    """
    Remember events: (session pk, digest, step order), no digest of a session twice.

    In the order of their key: SQLite then takes half the time, for it finds neighbours at once.
    """
    _put(connection, "insert_seen", sorted(rows, key=itemgetter(0, 1)))


def rejected(connection: sqlite3.Connection, events: Sequence[Rejected], now: int) -> int:
    """Keep rejected events with what is left of them; return how many were not kept before."""
    before = connection.total_changes
    rows = [
        (
            now, each.kind, each.agent, each.session_id, each.count, each.reason, each.detail,
            each.raw, each.length, each.origin,
        )
        for each in events
    ]  # fmt: skip
    _put(connection, "insert_rejected", rows)
    return connection.total_changes - before


def _move(connection: sqlite3.Connection, changes: Batch) -> None:
    # After all inserts: steps of the same batch move too. The last move of a sub-agent counts.
    goals = {(move.session_pk, move.agent_id): move.prompt_number for move in changes.moves}
    if not goals:
        return
    moves = {"moves": json_list((*sub_agent, number) for sub_agent, number in goals.items())}
    steps = connection.execute(statement("select_steps_to_move"), moves).fetchall()
    moved = [(step_id, number, changes.next_id()) for step_id, number in steps]
    connection.execute(statement("move_steps"), {"moved": json_list(moved)})


def _revise(connection: sqlite3.Connection, changes: Batch) -> None:
    # Their rows are joined from what was written above; readers that go by revision must see it.
    if not changes.described:
        return
    known = {"known": json_list(msgspec.structs.astuple(each) for each in changes.described)}
    steps = connection.execute(statement("select_steps_to_show"), known).fetchall()
    written = changes.new_steps.keys() | changes.changed_steps.keys()
    revised = [(step_id, changes.next_id()) for (step_id,) in steps if step_id not in written]
    connection.execute(statement("revise_steps"), {"revised": json_list(revised)})


def _drop_content(changes: Batch) -> None:
    # It can be megabytes, and only the database keeps it; an empty text stands for it.
    for step in (*changes.new_steps.values(), *changes.changed_steps.values()):
        if step.input is not None:
            step.input = ""
        if step.output is not None:
            step.output = ""


def _put(connection: sqlite3.Connection, name: str, rows: Sequence[Row]) -> None:
    for size, some in _slices(rows):
        columns = list(zip(*some, strict=True))
        told = (True,) * len(columns)
        if size >= ROWS_LEAVING_OUT_MIN:
            silent = (None,) * size
            told = tuple([column != silent for column in columns])
            columns = list(compress(columns, told))
        values = list(chain.from_iterable(zip(*columns, strict=True)))
        connection.execute(_repeated(name, size, told), values)


def _slices(rows: Sequence[Row]) -> Iterator[tuple[int, Sequence[Row]]]:
    start = 0
    for size in ROWS_A_STATEMENT:
        while len(rows) - start >= size:
            yield size, rows[start : start + size]
            start += size


@cache
def _repeated(name: str, rows: int, told: tuple[bool, ...]) -> str:
    """Return a statement for so many rows, with those of its columns that are told."""
    sql = statement(name)
    columns, values = _COLUMNS.search(sql), _VALUES.search(sql)
    if columns is None or values is None:
        raise ValueError(f"statement {name} has no columns or values, expected both in brackets")
    names = ", ".join(compress(columns[1].split(","), told))
    group = "(" + ", ".join("?" * sum(told)) + ")"
    return "".join(
        (
            sql[: columns.start(1)],
            names,
            sql[columns.end(1) : values.start(1)],
            ", ".join([group] * rows),
            sql[values.end(1) :],
        )
    )


def _session(session: SessionState) -> Row:
    return (
        session.pk, session.agent, session.session_id, session.owner_uid, session.cwd,
        session.model, session.started_at, session.opened_at, session.closed_at,
        session.ended_at, session.end_reason, session.last_event_at, session.heard_at,
        session.steps, session.errors, session.agent_pid, session.input_tokens,
        session.output_tokens, session.cache_read_tokens, session.cache_creation_tokens,
    )  # fmt: skip


def _prompt(session: SessionState, prompt: PromptState) -> Row:
    return (
        prompt.pk, session.pk, prompt.number, prompt.prompt_id, prompt.source, prompt.summary,
        prompt.started_at, prompt.ended_at, prompt.model, prompt.input_tokens,
        prompt.output_tokens, prompt.cache_read_tokens, prompt.cache_creation_tokens,
        prompt.imported,
    )  # fmt: skip


def _sub_agent(session: SessionState, sub_agent: SubAgentState) -> Row:
    return (session.pk, *msgspec.structs.astuple(sub_agent))
