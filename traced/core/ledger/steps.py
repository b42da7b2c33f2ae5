"""
Steps: one row per call, one order per row.

Laws 1 and 2 of SPEC 4. A step order is born in one place: `SessionState.give_order`.
"""

from msgspec.structs import astuple

from traced.core.errors import OrderTaken
from traced.core.event import Event, Phase, StepChange
from traced.core.ledger import alike, asks, running, sub_agents
from traced.core.ledger.batch import Batch
from traced.core.ledger.filling import fill, weaken
from traced.core.ledger.first import first_row
from traced.core.ledger.prompts import ensure_number, number_of_id
from traced.core.ledger.session import SessionState
from traced.core.ledger.step import StepState, merge


def changed(batch: Batch, session: SessionState, event: Event, change: StepChange) -> StepState:
    """
    Let one event of a call make its step or add to it; return the step.

    An event that says nothing new does not give the step a new revision. A call keeps the order
    that its first event got, whatever a later one names.

    Raises:
        OrderTaken: If it names a step order that another step has. Nothing has changed then.
    """
    match_key = change.match_key if change.call_id is None else None
    if match_key is not None:
        step = alike.joined(session, match_key, change)
    else:
        step = session.calls.get(change.call_id) if change.call_id is not None else None
    if step is None and change.step_order is not None:
        _check_order(session, change, change.step_order)
    if step is not None and event.imported:
        _fill(batch, session, step, change)
    else:
        prompt_number = _prompt_for(batch, session, event, change)
        if step is None:
            step = _new(batch, session, event, change, prompt_number)
        else:
            _add(batch, session, step, change, prompt_number)
    if match_key is not None:
        alike.share_out(batch, session, match_key)
        step = alike.holder(session, step, change)
    if step.match_key is not None and not event.imported:
        asks.told(batch, session, step, change.phase)
    child = step.child_agent_id
    if child is not None and step.call_id is not None:
        named_at = event.at if change.child_agent_id == child else None
        child_type = change.child_agent_type
        sub_agents.link(
            batch, session, step, child, child_type, named_at=named_at, imported=event.imported
        )
    return step


def _check_order(session: SessionState, change: StepChange, wanted: int) -> None:
    holder = session.orders_taken.get(wanted)
    if holder is not None:
        raise OrderTaken(
            f"step_order is {wanted}, expected one that is free:"
            f" {holder!r} has it, so {change.name!r} cannot"
        )


def _prompt_for(batch: Batch, session: SessionState, event: Event, change: StepChange) -> int:
    named = change.prompt_number
    if named is not None:
        ensure_number(batch, session, named)
    if change.agent_id is not None:
        number = sub_agents.prompt_of(batch, session, change.agent_id, change, event)
        return number if named is None else named
    if named is not None:
        return named
    if change.prompt_id is not None:
        return number_of_id(batch, session, change.prompt_id)
    return session.last_prompt_number


def _place(session: SessionState, step: StepState) -> None:
    # Whichever of its events named the sub-agent, the step goes where the sub-agent works.
    if step.agent_id is not None and not step.prompt_is_explicit:
        sub_agent = session.sub_agents.get(step.agent_id)
        if sub_agent is not None and sub_agent.prompt_number is not None:
            step.prompt_number = sub_agent.prompt_number


def _new(
    batch: Batch, session: SessionState, event: Event, change: StepChange, prompt_number: int
) -> StepState:
    step_id = batch.next_id()
    order = session.give_order(change.name, change.step_order)
    step = first_row(
        event,
        change,
        step_id=step_id,
        session_pk=session.pk,
        step_order=order,
        prompt_number=prompt_number,
        now=batch.now,
    )
    batch.new_steps[step_id] = step
    if change.call_id is not None:
        session.calls[change.call_id] = step
    elif change.match_key is not None:
        alike.add(session, change.match_key, step)
    if event.imported:
        weaken(step, change)
        batch.added += 1
    elif change.phase is Phase.START:
        if running.is_over(session, step):
            step.close()
        running.note(batch, session, step)
    if step.status == "error":
        session.errors += 1
    return step


def _fill(batch: Batch, session: SessionState, step: StepState, change: StepChange) -> None:
    before = astuple(step)
    was_error = step.status == "error"
    fill(step, change)
    session.errors += (step.status == "error") - was_error
    if astuple(step) != before:
        batch.step_changed(step)
        batch.added += 1


def _add(
    batch: Batch, session: SessionState, step: StepState, change: StepChange, prompt_number: int
) -> None:
    before = astuple(step)
    was_error, was_the_mains = step.status == "error", step.agent_id is None
    merge(step, change, prompt_number)
    _place(session, step)
    session.errors += (step.status == "error") - was_error
    is_handed_over = was_the_mains and step.agent_id is not None
    if is_handed_over:
        step.open()  # what ended the main thread's calls did not end this one
    if (
        (is_handed_over or change.phase is Phase.START)
        and step.running
        and running.is_over(session, step)
    ):
        step.close()
    running.note(batch, session, step)
    if astuple(step) != before:
        batch.step_changed(step)
