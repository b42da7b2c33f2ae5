"""
Sub-agents: who launched them, and for which prompt they work.

Law 5 of SPEC 4: a sub-agent's steps go to the prompt of the call that launched it; until that link
is known, to that of its start; before that, to that of the step which named it first.
"""

from traced.core.event import AgentEnded, AgentStarted, Event
from traced.core.ledger.batch import Batch, Move
from traced.core.ledger.session import BY_CALL, BY_START, BY_STEP, SessionState, SubAgentState
from traced.core.ledger.step import StepState


def prompt_of(
    batch: Batch,
    session: SessionState,
    agent_id: str,
    agent_type: str | None,
    prompt_id: str | None,
) -> int:
    """Return the prompt for a step of this sub-agent, which it makes known if it is new."""
    sub_agent = _known(batch, session, agent_id)
    if sub_agent.agent_type is None and agent_type is not None:
        sub_agent.agent_type = agent_type
        batch.sub_agent_changed(session, sub_agent)
    _place(batch, session, sub_agent, prompt_id, BY_STEP)
    return sub_agent.prompt_number or 0


def started(batch: Batch, session: SessionState, event: Event, change: AgentStarted) -> None:
    """A sub-agent began; the prompt that was current then holds until its call is known."""
    sub_agent = _known(batch, session, change.agent_id)
    sub_agent.agent_type = change.agent_type or sub_agent.agent_type
    began = sub_agent.started_at
    sub_agent.started_at = event.at if began is None else min(began, event.at)
    closed = session.closed_at is not None and event.at < session.closed_at
    if sub_agent.status == "running" and closed:
        sub_agent.status = "unknown"
    _place(batch, session, sub_agent, change.prompt_id, BY_START)
    batch.sub_agent_changed(session, sub_agent)


def ended(batch: Batch, session: SessionState, event: Event, change: AgentEnded) -> None:
    """A sub-agent is done, which is stronger than not knowing."""
    sub_agent = _known(batch, session, change.agent_id)
    sub_agent.agent_type = sub_agent.agent_type or change.agent_type
    sub_agent.ended_at = max(sub_agent.ended_at or event.at, event.at)
    sub_agent.status = "ok"
    batch.sub_agent_changed(session, sub_agent)


def link(
    batch: Batch,
    session: SessionState,
    step: StepState,
    child_agent_id: str,
    agent_type: str | None,
) -> None:
    """The call behind `step` launched this sub-agent: it works for the step's prompt."""
    sub_agent = _known(batch, session, child_agent_id)
    if sub_agent.prompt_rank == BY_CALL and sub_agent.call_id != step.call_id:
        return  # A call that only goes on with a sub-agent did not launch it.
    sub_agent.prompt_rank = BY_CALL
    sub_agent.call_id = step.call_id
    sub_agent.parent_agent_id = step.agent_id
    sub_agent.agent_type = sub_agent.agent_type or agent_type
    move(batch, session, sub_agent, step.prompt_number)
    batch.sub_agent_changed(session, sub_agent)


def prompt_numbered(batch: Batch, session: SessionState, prompt_id: str, number: int) -> None:
    """An id got its number: sub-agents that so far knew only the id go there."""
    for sub_agent in list(session.sub_agents.values()):
        if sub_agent.prompt_rank < BY_CALL and sub_agent.prompt_id == prompt_id:
            move(batch, session, sub_agent, number)


def move(batch: Batch, session: SessionState, sub_agent: SubAgentState, number: int) -> None:
    """Put a sub-agent, its steps and the sub-agents that it launched under another prompt."""
    if sub_agent.prompt_number == number:
        return
    sub_agent.prompt_number = number
    batch.sub_agent_changed(session, sub_agent)
    batch.moves.append(Move(session.pk, sub_agent.agent_id, number))
    for step in (*session.calls.values(), *session.running.values()):
        if step.agent_id == sub_agent.agent_id and not step.prompt_is_explicit:
            step.prompt_number = number
    for child in list(session.sub_agents.values()):
        if child.prompt_rank == BY_CALL and child.parent_agent_id == sub_agent.agent_id:
            move(batch, session, child, number)


def _known(batch: Batch, session: SessionState, agent_id: str) -> SubAgentState:
    sub_agent = session.sub_agents.get(agent_id)
    if sub_agent is None:
        sub_agent = session.sub_agents[agent_id] = SubAgentState(agent_id)
        batch.sub_agent_changed(session, sub_agent)
    return sub_agent


def _place(
    batch: Batch, session: SessionState, sub_agent: SubAgentState, prompt_id: str | None, rank: int
) -> None:
    """Let a witness of this rank say for which prompt the sub-agent works, if none better has."""
    if sub_agent.prompt_rank >= rank:
        return
    sub_agent.prompt_rank = rank
    sub_agent.prompt_id = prompt_id
    prompt = session.prompts_by_id.get(prompt_id) if prompt_id is not None else None
    number = prompt.number if prompt is not None else None
    move(batch, session, sub_agent, session.last_prompt_number if number is None else number)
