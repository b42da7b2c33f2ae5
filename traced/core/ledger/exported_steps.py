"""
Steps that another traced recorded, taken back.

Law: what is shown of a new row here is what was shown of it there, to the last digit; a step that
is here already is known by its call id, else by the event that made it, else by its order and when
it was recorded. Nothing in it is stronger than what its own hooks may still tell.
"""

import math
from typing import Final

from msgspec.structs import astuple

from traced.core.errors import OrderTaken
from traced.core.exported import ExportedStep
from traced.core.ledger.batch import Batch
from traced.core.ledger.filling import NOT_TOLD, UNTOLD_ENDS, fill_null
from traced.core.ledger.session import SessionState
from traced.core.ledger.step import (
    BY_DENIAL,
    BY_IMPORT,
    PLAIN,
    RANK_MASK,
    RESULT,
    RUNNING,
    StepState,
)
from traced.core.times import MS_MAX

# What is shown of these may be known without them, and they are then not missing.
SHOWN_WITHOUT: Final = frozenset({"duration_ms", "agent_type", "parent_agent_id"})


def taken(batch: Batch, session: SessionState, row: ExportedStep, prompt_number: int | None) -> int:
    """
    Take a step; return its order here, which is another if another step has that one.

    Raises:
        OrderTaken: If another step has its order, and nothing would tell the next time that it is
            here already.
    """
    step = _known(session, row)
    if step is None:
        step = _new(batch, session, row, prompt_number)
    elif step.call_id is not None or step.match_key is None:  # a key is for its own hooks
        _fill(batch, session, step, row)
    return step.step_order


def _known(session: SessionState, row: ExportedStep) -> StepState | None:
    if row.call_id is not None:
        return session.calls.get(row.call_id)
    if row.known_by in session.orders_of_events:
        return session.at_orders.get(session.orders_of_events[row.known_by])
    step = session.at_orders.get(row.step_order)
    if step is None or step.call_id is not None:
        return None
    is_same = (step.event_id, step.created_at) == (row.event_id, row.created_at)
    return step if is_same else None


def _new(
    batch: Batch, session: SessionState, row: ExportedStep, prompt_number: int | None
) -> StepState:
    order = session.give_order(row.name, _wanted(session, row))
    step_id = batch.next_id()
    permission_at, ranks = _ended(row)
    step = StepState(
        step_id,
        step_id,
        session.pk,
        order,
        row.prompt_number if prompt_number is None else prompt_number,
        row.trace_type,
        row.name,
        row.status if row.is_told else "unknown",
        row.source,
        row.input_summary,
        row.output_summary,
        row.error,
        row.started_at,
        row.ended_at,
        None,
        permission_at,
        row.call_id,
        row.agent_id,
        row.agent_type,
        row.parent_agent_id,
        row.child_agent_id,
        row.input,
        row.output,
        row.event_id,
        row.peer_uid,
        row.created_at,
        ranks,
    )
    _take_duration(step, row)
    batch.new_steps[step_id] = step
    session.at_orders[order] = step
    if row.known_by is not None:
        session.orders_of_events[row.known_by] = order
    if row.call_id is not None:
        session.calls[row.call_id] = step
    session.errors += step.status == "error"
    batch.added += 1
    return step


def _wanted(session: SessionState, row: ExportedStep) -> int | None:
    """Return the order that a row has, None if another step has it here."""
    wanted = row.step_order
    holder = session.orders_taken.get(wanted)
    if holder is None and wanted in session.at_orders:
        holder = session.at_orders[wanted].name
    if holder is None:
        return wanted
    if row.call_id is None and row.known_by is None:
        raise OrderTaken(
            f"step_order is {wanted}, expected one that is free: {holder!r} has it here, and"
            f" without a call or event id nothing tells whether {row.name!r} is another step"
        )
    return None


def _fill(batch: Batch, session: SessionState, step: StepState, row: ExportedStep) -> None:
    held = step.ranks & RANK_MASK
    if held == RUNNING:  # its own events will tell
        return
    before = astuple(step)
    was_error = step.status == "error"
    for name, _ in PLAIN:
        if name not in SHOWN_WITHOUT:
            fill_null(step, row, name)
    sub_agent = session.sub_agents.get(step.agent_id or "")
    for name in ("agent_type", "parent_agent_id"):
        if getattr(sub_agent, name, None) is None:
            fill_null(step, row, name)
    if held <= BY_IMPORT:
        for name, _ in RESULT:
            fill_null(step, row, name)
    if held in UNTOLD_ENDS and row.is_told:
        step.permission_at, ranks = _ended(row)
        step.ranks += ranks - held
        step.status = row.status
    _take_duration(step, row)
    session.errors += (step.status == "error") - was_error
    if astuple(step) != before:
        batch.step_changed(step)
        batch.added += 1


def _take_duration(step: StepState, row: ExportedStep) -> None:
    """Take a duration, unless it is shown already by when the step began and ended."""
    if step.duration_ms is not None or row.duration_ms is None:
        return
    began, ended = step.started_at, step.ended_at
    shown = ended - began if began is not None and ended is not None and ended >= began else None
    gives_wait = row.permission_wait_ms is not None and step.ranks & RANK_MASK != BY_DENIAL
    if shown != row.duration_ms or gives_wait:
        step.duration_ms = row.duration_ms


def _ended(row: ExportedStep) -> tuple[int | None, int]:
    """
    Return when its agent asked its user, and the rank of how it ended, as the view reads them.

    A denial waited until it ended, whatever else took as long as the agent says less; so the moment
    follows from what was shown, and the view shows it again.
    """
    rank = BY_IMPORT if row.is_told else NOT_TOLD
    wait, ended_at = row.permission_wait_ms, row.ended_at
    if wait is None or ended_at is None:
        return None, rank
    if row.status == "denied" and wait.is_integer() and wait <= MS_MAX:
        return ended_at - int(wait), BY_DENIAL
    if row.duration_ms is None:
        return None, rank
    began = ended_at - row.duration_ms
    if abs(began - wait) > MS_MAX:  # no moment
        return None, rank
    return (round(began - wait) if wait else math.ceil(began)), rank
