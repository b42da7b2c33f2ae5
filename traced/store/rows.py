"""
What the reading side gets: rows of the public relations, and figures made of them.

Law: fields are the public column names of SPEC 4, in the order of the statements that fetch them.
Times are text in UTC and durations milliseconds, as the public views show them.
"""

import msgspec


class Session(msgspec.Struct, frozen=True):
    """A row of the view `sessions`."""

    agent: str
    session_id: str
    cwd: str | None
    model: str | None
    started_at: str | None
    ended_at: str | None
    end_reason: str | None
    last_event_at: str
    steps: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_creation_tokens: int | None


class SessionEntry(msgspec.Struct, frozen=True):
    """
    A session with what its view does not show.

    `pk` asks further questions; `owner_uid` is -1 unless several users share the database.
    """

    pk: int
    owner_uid: int
    session: Session
    prompts: int
    running: int


class Prompt(msgspec.Struct, frozen=True):
    """A row of the view `prompts`."""

    agent: str
    session_id: str
    prompt_number: int
    prompt_id: str | None
    source: str | None
    summary: str | None
    started_at: str | None
    ended_at: str | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cache_creation_tokens: int | None


class Agent(msgspec.Struct, frozen=True):
    """A row of the view `agents`: a sub-agent."""

    agent: str
    session_id: str
    agent_id: str
    agent_type: str | None
    parent_agent_id: str | None
    call_id: str | None
    prompt_number: int | None
    started_at: str | None
    ended_at: str | None
    status: str


class Step(msgspec.Struct, frozen=True):
    """A row of the view `execution_traces`."""

    id: int
    event_id: str | None
    agent: str
    session_id: str
    prompt_number: int
    step_order: int
    trace_type: str
    name: str
    source: str | None
    status: str
    input_summary: str | None
    output_summary: str | None
    error: str | None
    started_at: str | None
    ended_at: str | None
    duration_ms: float | None
    permission_wait_ms: float | None
    call_id: str | None
    agent_id: str | None
    agent_type: str | None
    parent_agent_id: str | None
    child_agent_id: str | None
    input: str | None
    output: str | None
    peer_uid: int | None
    revision: int
    created_at: str
    created_at_epoch: int


class StepStats(msgspec.Struct, frozen=True):
    """How often and how long steps of one kind ran; `source` is given for MCP tools alone."""

    trace_type: str
    name: str
    source: str | None
    count: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None
    total_ms: float


class RejectedEvent(msgspec.Struct, frozen=True):
    r"""A row of the view `rejected_events`; bytes of `raw` that are no UTF-8 are shown as \xNN."""

    id: int
    received_at: str
    kind: str
    agent: str | None
    session_id: str | None
    count: int
    reason: str
    detail: str | None
    raw: str | None
    length: int | None
