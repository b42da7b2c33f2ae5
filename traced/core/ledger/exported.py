"""
Rows that another traced recorded, taken back: sessions, sub-agents and prompts.

Law: a row that is not here comes in as it stands there; of one that is, only what is null is
filled, and unknown gives way. What still ran when it was exported ends here as unknown: whoever
ran it will tell this database nothing.
"""

from msgspec.structs import astuple

from traced.core.event import TokensUsed
from traced.core.exported import (
    Exported,
    ExportedAgent,
    ExportedPrompt,
    ExportedSession,
    ExportedStep,
)
from traced.core.ledger import exported_steps, tokens
from traced.core.ledger.batch import Batch
from traced.core.ledger.prompts import add_told, give_number
from traced.core.ledger.session import (
    BY_CALL,
    BY_NOBODY,
    BY_START,
    BY_STEP,
    PromptState,
    SessionState,
    SubAgentState,
)
from traced.core.ledger.sub_agents import describe


def taken(batch: Batch, session: SessionState, row: Exported) -> int | None:
    """
    Take one row; return the order that its step has here, None if it is of something else.

    Raises:
        OrderTaken: If it is a step whose order another has, and only its order told it from others.
    """
    before = batch.added
    order = None
    match row:
        case ExportedSession():
            _session(batch, session, row)
        case ExportedAgent():
            _sub_agent(batch, session, row)
        case ExportedPrompt():
            _prompt(batch, session, row)
        case ExportedStep():
            order = exported_steps.taken(batch, session, row, _number_of(session, row))
    if batch.added != before:
        session.last_event_at = max(session.last_event_at, row.used_at)
        batch.sessions[session.pk] = session
    return order


def _session(batch: Batch, session: SessionState, row: ExportedSession) -> None:
    before = astuple(session)
    session.cwd = session.cwd or row.cwd
    session.model = session.model or row.model
    if session.started_at is None:
        session.started_at = row.started_at
    # Whoever heard of it last knows best whether it is over, unless it was opened here.
    if session.opened_at is None and row.used_at >= session.last_event_at:
        session.ended_at, session.end_reason = row.ended_at, row.end_reason
    session.last_event_at = max(session.last_event_at, row.used_at)
    if astuple(session) != before:
        batch.added += 1


def _prompt(batch: Batch, session: SessionState, row: ExportedPrompt) -> None:
    prompt = _found(session, row)
    before = None if prompt is None else astuple(prompt)
    is_free = session.prompt_numbered(row.prompt_number) is None
    if prompt is None:
        prompt = PromptState(row.prompt_number if is_free else None, row.prompt_id)
        add_told(batch, session, prompt)
    elif prompt.number is None:
        give_number(batch, session, prompt)
    if prompt.started_at is None and row.started_at is not None:
        prompt.started_at, prompt.source, prompt.imported = row.started_at, row.source, 1
    elif before is None:
        prompt.source = row.source
    if prompt.summary is None:
        prompt.summary = row.summary
    if prompt.ended_at is None or (prompt.imported and row.ended_at is not None):
        prompt.ended_at = max(prompt.ended_at or 0, row.ended_at or 0) or None
    session.note_point(prompt.started_at)
    session.note_point(prompt.ended_at)
    if astuple(prompt) != before:
        batch.prompt_changed(session, prompt)
        batch.added += 1
    tokens.used(batch, session, _used(row, prompt.number))


def _used(row: ExportedPrompt, number: int | None) -> TokensUsed:
    return TokensUsed(
        None,
        number,
        row.model,
        row.input_tokens,
        row.output_tokens,
        row.cache_read_tokens,
        row.cache_creation_tokens,
    )


def _sub_agent(batch: Batch, session: SessionState, row: ExportedAgent) -> None:
    sub_agent = session.sub_agents.get(row.agent_id)
    if sub_agent is None:
        sub_agent = session.sub_agents[row.agent_id] = _new(session, row)
        batch.sub_agent_changed(session, sub_agent)
        batch.added += 1
        return
    before = astuple(sub_agent)
    agent_type = sub_agent.agent_type or row.agent_type
    parent_agent_id = sub_agent.parent_agent_id or row.parent_agent_id
    describe(batch, session, sub_agent, agent_type, parent_agent_id)
    if sub_agent.started_at is None:
        sub_agent.started_at = row.started_at
    if sub_agent.status == "unknown" and row.status == "ok":
        sub_agent.status, sub_agent.ended_at = row.status, row.ended_at
    if astuple(sub_agent) != before:
        batch.sub_agent_changed(session, sub_agent)
        batch.added += 1


def _new(session: SessionState, row: ExportedAgent) -> SubAgentState:
    number = _number_of(session, row)
    rank = BY_NOBODY
    if number is not None:
        rank = BY_STEP if row.started_at is None else BY_START
    return SubAgentState(
        row.agent_id,
        number,
        rank if row.call_id is None else BY_CALL,
        row.agent_type,
        row.parent_agent_id,
        row.call_id,
        row.prompt_id,
        row.started_at,
        row.ended_at,
        "unknown" if row.status == "running" else row.status,
    )


def _found(session: SessionState, row: ExportedPrompt) -> PromptState | None:
    """Return the prompt of this id; of this number, if only one of the two has an id, or none."""
    if row.prompt_id is not None and (known := session.prompts_by_id.get(row.prompt_id)):
        return known
    known = session.prompt_numbered(row.prompt_number)
    if known is None or None not in {row.prompt_id, known.prompt_id}:
        return None
    return known


def _number_of(session: SessionState, row: ExportedAgent | ExportedStep) -> int | None:
    """Return the number that a prompt has here: under its id, else the same."""
    prompt = session.prompts_by_id.get(row.prompt_id) if row.prompt_id is not None else None
    return row.prompt_number if prompt is None or prompt.number is None else prompt.number
