"""
Rows that a traced recorded, as another one takes them back: each is a change that says everything.

Law: columns keep their public names and meaning; times are Unix milliseconds. What a row says is
checked like anything that comes from outside, and redacted again before it gets here.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from traced.core.times import MS_MAX
from traced.core.words import AgentStatus, PromptSource, StepStatus, TraceType

Name = Annotated[str, Meta(min_length=1, max_length=256)]
# Ids of events may name a place in a spool, or hold the id of a call.
Text = Annotated[str, Meta(max_length=8192)]
Order = Annotated[int, Meta(ge=0, le=2**53)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
UnixMs = Annotated[int, Meta(ge=0, le=MS_MAX)]
Milliseconds = Annotated[float, Meta(ge=0)]
Uid = Annotated[int, Meta(ge=0, le=2**32 - 1)]
UNTOLD: Final = frozenset({"running", "unknown"})


class ExportedRow(Struct, gc=False, kw_only=True, tag_field="kind"):
    """Whose row it is: `used_at` is when its session was last heard of, `owner_uid` its user."""

    agent: Name
    session_id: Name
    used_at: UnixMs
    owner_uid: Uid | None = None


class ExportedSession(ExportedRow, tag="session", kw_only=True):
    """A session; how many steps and tokens it has, its other rows say."""

    cwd: Text | None = None
    model: Text | None = None
    started_at: UnixMs | None = None
    ended_at: UnixMs | None = None
    end_reason: Text | None = None


class ExportedAgent(ExportedRow, tag="agent", kw_only=True):
    """A sub-agent; a `prompt_id` says of which prompt it is where numbers differ."""

    agent_id: Text
    agent_type: Text | None = None
    parent_agent_id: Text | None = None
    call_id: Text | None = None
    prompt_number: Order | None = None
    prompt_id: Text | None = None
    started_at: UnixMs | None = None
    ended_at: UnixMs | None = None
    status: AgentStatus


class ExportedPrompt(ExportedRow, tag="prompt", kw_only=True):
    """A prompt."""

    prompt_number: Order
    prompt_id: Text | None = None
    source: PromptSource = "user"
    summary: str | None = None
    started_at: UnixMs | None = None
    ended_at: UnixMs | None = None
    model: Text | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    cache_creation_tokens: Count | None = None


class ExportedStep(ExportedRow, tag="step", kw_only=True):
    """A step; `input` and `output` are JSON, and stand beside the row on its line."""

    prompt_number: Order
    prompt_id: Text | None = None
    step_order: Order
    trace_type: TraceType
    name: Text
    source: Text | None = None
    status: StepStatus
    input_summary: str | None = None
    output_summary: str | None = None
    error: str | None = None
    started_at: UnixMs | None = None
    ended_at: UnixMs | None = None
    duration_ms: Milliseconds | None = None
    permission_wait_ms: Milliseconds | None = None
    call_id: Text | None = None
    agent_id: Text | None = None
    agent_type: Text | None = None
    parent_agent_id: Text | None = None
    child_agent_id: Text | None = None
    input: str | None = None
    output: str | None = None
    event_id: Text | None = None
    peer_uid: Uid | None = None
    created_at: UnixMs

    @property
    def is_told(self) -> bool:
        """Whether it is known how it ended."""
        return self.status not in UNTOLD

    @property
    def known_by(self) -> str | None:
        """What tells it from others beside its call and its order: its event, once it is over."""
        return self.event_id if self.call_id is None and self.is_told else None


Exported = ExportedSession | ExportedAgent | ExportedPrompt | ExportedStep
