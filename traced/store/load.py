"""
From rows to states: everything that a batch needs, in a handful of statements.

Law: one statement a kind and batch, never one an event: each step of a statement gives up the
interpreter's lock, and beside a busy event loop every return of it may take a switch interval.
Content is never loaded: where a step has some, its state says so with an empty text.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from traced.core.ledger.alike import ALIKE_MAX
from traced.core.ledger.session import PromptState, SessionState, SubAgentState
from traced.core.ledger.step import StepState
from traced.store.statements import json_list, statement

SessionKey = tuple[str, str, int]

# Older prompts of a session are loaded when an event names them.
PROMPTS_LOADED_MAX: Final = 100
# So are older calls that have ended; these may still get what overtook them.
CALLS_LOADED_MAX: Final = 32


def sessions(
    connection: sqlite3.Connection,
    keys: Collection[SessionKey],
    calls_max: int = CALLS_LOADED_MAX,
) -> dict[SessionKey, SessionState]:
    """
    Load the sessions with these keys (agent, session id, owner) that exist.

    Of each all but its old prompts and calls: `calls_max` of those that have ended.
    """
    if not keys:
        return {}
    cursor = connection.execute(statement("select_sessions"), {"keys": json_list(keys)})
    by_pk = {session.pk: session for session in _bare_sessions(cursor)}
    if by_pk:
        _load_parts(connection, by_pk, calls_max)
    return {(each.agent, each.session_id, each.owner_uid): each for each in by_pk.values()}


def agents(connection: sqlite3.Connection, session_ids: Collection[str]) -> dict[str, str | None]:
    """Load the agent recorded for each of these session ids, if any; the first of several."""
    wanted = {"session_ids": json_list(session_ids)}
    return dict(connection.execute(statement("select_agents_of_sessions"), wanted).fetchall())


def calls(connection: sqlite3.Connection, keys: Collection[tuple[int, str]]) -> list[StepState]:
    """Load the steps of these calls (session pk, call id) that exist."""
    if not keys:
        return []
    rows = connection.execute(statement("select_calls"), {"keys": json_list(keys)}).fetchall()
    return [StepState(*row) for row in rows]


def alike(connection: sqlite3.Connection, keys: Collection[tuple[int, int]]) -> list[StepState]:
    """Load the latest steps without a call id of these keys (session pk, match key)."""
    if not keys:
        return []
    wanted = {"keys": json_list(keys), "limit": ALIKE_MAX}
    return [StepState(*row) for row in connection.execute(statement("select_alike"), wanted)]


def alike_since(
    connection: sqlite3.Connection, points: Collection[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Load the keys (session pk, match key) of what began or ended after (session pk, Unix ms)."""
    if not points:
        return []
    cursor = connection.execute(statement("select_alike_since"), {"late": json_list(points)})
    return [(row[0], row[1]) for row in cursor]


def prompts(
    connection: sqlite3.Connection,
    ids: Iterable[tuple[int, str]],
    numbers: Iterable[tuple[int, int]],
) -> list[tuple[int, PromptState]]:
    """Load prompts by (session pk, prompt id) and by (session pk, number), each with its pk."""
    keys = [
        *((pk, prompt_id, None) for pk, prompt_id in ids),
        *((pk, None, number) for pk, number in numbers),
    ]
    if not keys:
        return []
    rows = connection.execute(statement("select_prompts"), {"keys": json_list(keys)}).fetchall()
    return [(row[0], PromptState(*row[1:])) for row in rows]


def orders(
    connection: sqlite3.Connection, keys: Collection[tuple[int, int]]
) -> list[tuple[int, int, str]]:
    """Load who has these orders: (session pk, step order, name of the step)."""
    if not keys:
        return []
    rows = connection.execute(statement("select_orders"), {"keys": json_list(keys)}).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


def steps_at(connection: sqlite3.Connection, keys: Collection[tuple[int, int]]) -> list[StepState]:
    """Load the steps that have these orders (session pk, step order)."""
    if not keys:
        return []
    rows = connection.execute(statement("select_steps_at"), {"keys": json_list(keys)}).fetchall()
    return [StepState(*row) for row in rows]


def seen(
    connection: sqlite3.Connection, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], int | None]:
    """Load which events (session pk, digest) were taken before, with the order each answered."""
    if not keys:
        return {}
    rows = connection.execute(statement("select_seen"), {"keys": json_list(keys)}).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


def drop_old_prompts(session: SessionState) -> None:
    """Forget all but the latest prompts of a session, by their numbers."""
    if len(session.prompts) <= PROMPTS_LOADED_MAX:
        return
    by_number = sorted(session.prompts, key=lambda prompt: (prompt.number or 0, prompt.pk or 0))
    session.prompts = []
    session.prompts_by_id = {}
    session.prompt_numbers = set()
    session.prompts_complete = False
    for prompt in by_number[-PROMPTS_LOADED_MAX:]:
        session.add_prompt(prompt)


def _bare_sessions(cursor: sqlite3.Cursor) -> Iterator[SessionState]:
    for *fields, last_step_order in cursor.fetchall():
        session = SessionState(*fields)
        session.is_new = session.calls_complete = session.alike_complete = False
        session.last_step_order = last_step_order
        session.note_point(session.closed_at)
        yield session


def _load_parts(
    connection: sqlite3.Connection, by_pk: dict[int, SessionState], calls_max: int
) -> None:
    pks = {"pks": json_list(by_pk)}
    latest_prompts = {**pks, "limit": PROMPTS_LOADED_MAX + 1}  # one more, to know of more
    for pk, *prompt in connection.execute(statement("select_prompts_of"), latest_prompts):
        by_pk[pk].add_prompt(PromptState(*prompt))
    for session in by_pk.values():
        drop_old_prompts(session)
    for pk, *sub_agent in connection.execute(statement("select_sub_agents_of"), pks):
        by_pk[pk].sub_agents[sub_agent[0]] = SubAgentState(*sub_agent)
    for pk, match_key, asked_at in connection.execute(statement("select_asks_of"), pks):
        by_pk[pk].asks.append((match_key, asked_at))
    latest_calls = {**pks, "limit": calls_max}
    latest = connection.execute(statement("select_latest_calls_of"), latest_calls).fetchall()
    running = connection.execute(statement("select_running_of"), pks).fetchall()
    for row in latest:
        step = StepState(*row)
        if step.call_id is not None and not step.running:
            by_pk[step.session_pk].calls[step.call_id] = step
    for row in running:
        step = StepState(*row)
        session = by_pk[step.session_pk]
        session.running[step.id] = step
        if step.call_id is not None:
            session.calls[step.call_id] = step
