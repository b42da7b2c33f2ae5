"""
Sub-agents: who launched them, and for which prompt they work.

Law 5 of SPEC 4: a sub-agent's steps go to the prompt of the call that launched it; until that link
is known, to that of its start; before that, to the earliest that its steps name.
"""

from itertools import chain

from msgspec.structs import astuple

from traced.core.event import AgentEnded, AgentStarted, Event, StepChange
from traced.core.ledger.batch import Batch, Described, Move
from traced.core.ledger.session import BY_CALL, BY_START, BY_STEP, SessionState, SubAgentState
from traced.core.ledger.step import StepState


def prompt_of(
    batch: Batch, session: SessionState, agent_id: str, change: StepChange, event: Event
) -> int:
    """Return the prompt for a step of this sub-agent, which it makes known if it is new."""
    sub_agent = _known(batch, session, agent_id, imported=event.imported)
    if sub_agent.started_at is None:
        _close_if_past(batch, session, sub_agent, event.at)
    parent_agent_id = sub_agent.parent_agent_id
    if sub_agent.prompt_rank < BY_CALL:
        parent_agent_id = parent_agent_id or change.parent_agent_id
    agent_type = sub_agent.agent_type or change.agent_type
    describe(batch, session, sub_agent, agent_type, parent_agent_id)
    if _is_better(session, sub_agent, change.prompt_id):
        _place(batch, session, sub_agent, change.prompt_id, BY_STEP)
    return sub_agent.prompt_number or 0


def told(
    batch: Batch, session: SessionState, event: Event, change: AgentStarted | AgentEnded
) -> None:
    """Take what an event tells of a sub-agent."""
    if event.imported:
        _told_afterwards(batch, session, event, change)
    elif isinstance(change, AgentStarted):
        _started(batch, session, event, change)
    else:
        _ended(batch, session, event, change)


def _told_afterwards(
    batch: Batch, session: SessionState, event: Event, change: AgentStarted | AgentEnded
) -> None:
    """An import adds what nobody has told; one that runs will be told of by its own events."""
    sub_agent = _known(batch, session, change.agent_id, imported=True)
    before = astuple(sub_agent)
    agent_type = sub_agent.agent_type or change.agent_type
    describe(batch, session, sub_agent, agent_type, sub_agent.parent_agent_id)
    if isinstance(change, AgentStarted):
        if sub_agent.started_at is None:
            sub_agent.started_at = event.at
        if sub_agent.prompt_number is None:
            _place(batch, session, sub_agent, change.prompt_id, BY_START)
    elif sub_agent.status != "running" and sub_agent.ended_at is None:
        sub_agent.ended_at = event.at
        sub_agent.status = "ok"
    if astuple(sub_agent) != before:
        batch.sub_agent_changed(session, sub_agent)
        batch.added += 1


def _started(batch: Batch, session: SessionState, event: Event, change: AgentStarted) -> None:
    """
    A sub-agent began; the prompt that was current then holds until its call is known.

    One that is started again goes on for the prompt of its first start.
    """
    sub_agent = _known(batch, session, change.agent_id)
    agent_type = change.agent_type or sub_agent.agent_type
    describe(batch, session, sub_agent, agent_type, sub_agent.parent_agent_id)
    began = sub_agent.started_at
    sub_agent.started_at = event.at if began is None else min(began, event.at)
    if began is None and sub_agent.status == "unknown" and sub_agent.ended_at is None:
        sub_agent.status = "running"  # closed only because nobody knew when it began
    _close_if_past(batch, session, sub_agent, sub_agent.started_at)
    is_first = began is None or (event.at < began and change.prompt_id is not None)
    if sub_agent.prompt_rank < BY_START or (sub_agent.prompt_rank == BY_START and is_first):
        _place(batch, session, sub_agent, change.prompt_id, BY_START)
    batch.sub_agent_changed(session, sub_agent)


def _ended(batch: Batch, session: SessionState, event: Event, change: AgentEnded) -> None:
    """A sub-agent is done, which is stronger than not knowing."""
    sub_agent = _known(batch, session, change.agent_id)
    agent_type = sub_agent.agent_type or change.agent_type
    describe(batch, session, sub_agent, agent_type, sub_agent.parent_agent_id)
    sub_agent.ended_at = max(sub_agent.ended_at or event.at, event.at)
    if not change.failed:
        sub_agent.status = "ok"
    elif sub_agent.status == "running":
        sub_agent.status = "unknown"
    batch.sub_agent_changed(session, sub_agent)


def link(
    batch: Batch,
    session: SessionState,
    step: StepState,
    child_agent_id: str,
    agent_type: str | None,
    *,
    named_at: int | None,
    imported: bool = False,
) -> None:
    """
    The call behind `step` launched this sub-agent: it works for the step's prompt.

    `named_at` is when an event named it; None if that event spoke of something else.
    """
    sub_agent = _known(batch, session, child_agent_id, imported=imported)
    if named_at is not None and sub_agent.started_at is None:
        _close_if_past(batch, session, sub_agent, named_at)
    if sub_agent.prompt_rank == BY_CALL and sub_agent.call_id != step.call_id:
        launcher = session.calls.get(sub_agent.call_id or "")
        if launcher is None or _began(launcher) <= _began(step):
            return  # A call that only goes on with a sub-agent did not launch it.
    if sub_agent.prompt_rank != BY_CALL or sub_agent.call_id != step.call_id:
        sub_agent.prompt_rank = BY_CALL
        sub_agent.call_id = step.call_id
        batch.sub_agent_changed(session, sub_agent)
    describe(batch, session, sub_agent, sub_agent.agent_type or agent_type, step.agent_id)
    move(batch, session, sub_agent, step.prompt_number)


def follow(batch: Batch, session: SessionState, prompt_id: str, number: int) -> None:
    """An id got its number: sub-agents that so far knew only the id go there."""
    for sub_agent in list(session.sub_agents.values()):
        if sub_agent.prompt_rank < BY_CALL and sub_agent.prompt_id == prompt_id:
            move(batch, session, sub_agent, number)


def move(batch: Batch, session: SessionState, sub_agent: SubAgentState, number: int) -> None:
    """Put a sub-agent, its steps and the sub-agents that it launched under another prompt."""
    moving = [sub_agent]
    while moving:  # no recursion: a chain of sub-agents has any length
        each = moving.pop()
        if each.prompt_number == number:
            continue
        is_new = each.prompt_number is None
        each.prompt_number = number
        batch.sub_agent_changed(session, each)
        if is_new:  # no step is under a prompt that it has from this sub-agent
            continue
        batch.moves.append(Move(session.pk, each.agent_id, number))
        for step in (
            *session.calls.values(),
            *session.running.values(),
            *chain(*session.alike.values()),
        ):
            if step.agent_id == each.agent_id and not step.prompt_is_explicit:
                step.prompt_number = number
        moving += [
            child
            for child in session.sub_agents.values()
            if child.prompt_rank == BY_CALL and child.parent_agent_id == each.agent_id
        ]


def _known(
    batch: Batch, session: SessionState, agent_id: str, *, imported: bool = False
) -> SubAgentState:
    sub_agent = session.sub_agents.get(agent_id)
    if sub_agent is None:
        sub_agent = session.sub_agents[agent_id] = SubAgentState(agent_id)
        if imported:  # nobody who was there says that it runs
            sub_agent.status = "unknown"
            batch.added += 1
        batch.sub_agent_changed(session, sub_agent)
    return sub_agent


def describe(
    batch: Batch,
    session: SessionState,
    sub_agent: SubAgentState,
    agent_type: str | None,
    parent_agent_id: str | None,
) -> None:
    """Take what is known of a sub-agent now; the rows of its steps show it."""
    type_is_new = agent_type != sub_agent.agent_type
    parent_is_new = parent_agent_id != sub_agent.parent_agent_id
    if not type_is_new and not parent_is_new:
        return
    sub_agent.agent_type, sub_agent.parent_agent_id = agent_type, parent_agent_id
    batch.sub_agent_changed(session, sub_agent)
    if sub_agent.prompt_number is not None:  # otherwise it has no steps
        known = Described(session.pk, sub_agent.agent_id, type_is_new, parent_is_new)
        batch.described.append(known)


def _place(
    batch: Batch, session: SessionState, sub_agent: SubAgentState, prompt_id: str | None, rank: int
) -> None:
    sub_agent.prompt_rank = rank
    sub_agent.prompt_id = prompt_id
    number = _number(session, prompt_id)
    move(batch, session, sub_agent, session.last_prompt_number if number is None else number)
    batch.sub_agent_changed(session, sub_agent)


def _is_better(session: SessionState, sub_agent: SubAgentState, prompt_id: str | None) -> bool:
    # Of its steps the one of the earliest prompt tells best which launched it.
    if sub_agent.prompt_rank != BY_STEP:
        return sub_agent.prompt_rank < BY_STEP
    number, held = _number(session, prompt_id), _number(session, sub_agent.prompt_id)
    if held is None and sub_agent.prompt_id is not None and not session.prompts_complete:
        return False  # it is so old that it was not loaded
    return number is not None and (held is None or number < held)


def _number(session: SessionState, prompt_id: str | None) -> int | None:
    prompt = session.prompts_by_id.get(prompt_id) if prompt_id is not None else None
    return None if prompt is None else prompt.number


def _close_if_past(batch: Batch, session: SessionState, sub_agent: SubAgentState, at: int) -> None:
    if sub_agent.status == "running" and session.closed_at is not None and at < session.closed_at:
        sub_agent.status = "unknown"
        batch.sub_agent_changed(session, sub_agent)


def _began(step: StepState) -> tuple[int, int]:
    began = step.started_at if step.started_at is not None else step.ended_at
    return began or 0, step.step_order
