"""
Steps: one row per call, one order per row.

Laws 1 and 2 of SPEC 4. This is the only place where a step order is born.
"""

from traced.core.errors import OrderTaken
from traced.core.event import Event, Phase, StepChange
from traced.core.ledger import running, sub_agents
from traced.core.ledger.batch import Batch
from traced.core.ledger.prompts import ensure_number, number_of_id
from traced.core.ledger.session import SessionState
from traced.core.ledger.step import StepState, merge


def changed(batch: Batch, session: SessionState, event: Event, change: StepChange) -> StepState:
    """
    Let one event of a call make its step or add to it; return the step.

    Raises:
        OrderTaken: If it names a step order that another step has. Nothing has changed then.
    """
    step = session.calls.get(change.call_id) if change.call_id is not None else None
    _check_order(session, step, change)
    prompt_number = _prompt_for(batch, session, change)
    if step is None:
        step = _new(batch, session, event, change, prompt_number)
    was_error = step.status == "error"
    merge(step, change, prompt_number)
    session.errors += (step.status == "error") - was_error
    if change.phase is Phase.START:
        _started(batch, session, step, change.match_key)
    running.note(batch, session, step)
    batch.step_changed(step)
    if step.child_agent_id is not None and step.call_id is not None:
        sub_agents.link(batch, session, step, step.child_agent_id, change.child_agent_type)
    return step


def _check_order(session: SessionState, step: StepState | None, change: StepChange) -> None:
    wanted = change.step_order
    if wanted is None:
        return
    if step is not None and step.step_order != wanted:
        raise OrderTaken(
            f"step_order is {wanted}, expected {step.step_order}, which call"
            f" {change.call_id!r} already has"
        )
    holder = session.orders_taken.get(wanted) if step is None else None
    if holder is not None:
        raise OrderTaken(
            f"step_order is {wanted}, expected one that is free:"
            f" {holder!r} has it, so {change.name!r} cannot"
        )


def _prompt_for(batch: Batch, session: SessionState, change: StepChange) -> int:
    if change.prompt_number is not None:
        ensure_number(batch, session, change.prompt_number)
        return change.prompt_number
    if change.agent_id is not None:
        return sub_agents.prompt_of(
            batch, session, change.agent_id, change.agent_type, change.prompt_id
        )
    if change.prompt_id is not None:
        return number_of_id(batch, session, change.prompt_id)
    return session.last_prompt_number


def _new(
    batch: Batch, session: SessionState, event: Event, change: StepChange, prompt_number: int
) -> StepState:
    step_id = batch.next_id()
    order = change.step_order if change.step_order is not None else session.last_step_order + 1
    session.last_step_order = max(session.last_step_order, order)
    session.orders_taken[order] = change.name
    session.steps += 1
    step = StepState(
        id=step_id,
        revision=step_id,
        session_pk=session.pk,
        step_order=order,
        prompt_number=prompt_number,
        trace_type=change.trace_type,
        name=change.name,
        status="running",
        call_id=change.call_id,
        event_id=event.event_id,
        peer_uid=event.peer_uid,
        created_at=batch.now,
    )
    if change.call_id is not None:
        session.calls[change.call_id] = step
    batch.new_steps[step_id] = step
    return step


def _started(batch: Batch, session: SessionState, step: StepState, match_key: int | None) -> None:
    if step.running:
        step.match_key = match_key
        if running.is_over(session, step):
            step.close()
    if match_key is not None:
        running.claim_ask(batch, session, step, match_key)
