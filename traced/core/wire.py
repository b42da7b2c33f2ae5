"""
What one line on the socket may be (SPEC 3), and what the protocol makes of it.

Law: bounds stand in the types, so that whatever is decoded need not be checked again. A `Raw` is a
view on its own line and keeps only that line alive; what is inside it is valid JSON in valid
UTF-8, to be read with `decode_json`.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from traced.core.event import EndStatus, Rejected, TraceType
from traced.core.exported import Exported
from traced.core.times import MS_MAX

LINE_BYTES_MAX: Final = 8 * 1024 * 1024
"""The longest line that is accepted, without its newline, unless the settings say otherwise."""

CONTROL_CHARS_MAX: Final = 256
"""The longest control word that is echoed to its sender."""

PRUNE_BYTES_MAX: Final = 2**50
"""Largest size of a database that a ``prune`` may name: four times what SQLite can hold."""

REJECTED_IDS_MAX: Final = 10_000
"""Most rejected rows that a ``prune`` may name: as many as there can be."""

Name = Annotated[str, Meta(min_length=1, max_length=256)]
EventId = Annotated[str, Meta(min_length=1, max_length=128)]
# SPEC 3.1 says "string" and no more: 4096 is Linux' PATH_MAX, and a limit on everything.
Id = Annotated[str, Meta(min_length=1, max_length=4096)]
Label = Annotated[str, Meta(max_length=4096)]
RowId = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Order = Annotated[int, Meta(ge=0, le=999_999_999)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Pid = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Milliseconds = Annotated[float, Meta(ge=0, le=MS_MAX)]
UnixMs = Annotated[int, Meta(ge=0, le=MS_MAX)] | Annotated[float, Meta(ge=0, le=MS_MAX)]

EndEvent = Literal["PostToolUse", "PostToolUseFailure"]
"""The hooks of Claude Code and Codex that end a call."""


class NativeEvent(Struct, gc=False):
    """
    A trace event in traced's own words (SPEC 3.1).

    Once it has left the protocol, `session_id` is set (from its alias if need be), `started_at`
    and `ended_at` are whole Unix milliseconds (`parse_time` narrows their type), and no text holds
    a lone surrogate or U+0000. An empty `input`, `output` or `error` is one that was not sent.
    """

    trace_type: TraceType
    name: Name
    session_id: Name = ""
    sdk_session_id: Name | None = None
    v: Literal[1] = 1
    phase: Literal["start", "end"] | None = None
    call_id: Id | None = None
    prompt_number: Order | None = None
    step_order: Order | None = None
    source: Label | None = None
    agent: Name | None = None
    agent_id: Id | None = None
    agent_type: Label | None = None
    parent_agent_id: Id | None = None
    child_agent_id: Id | None = None
    cwd: Label | None = None
    model: Label | None = None
    status: EndStatus | None = None
    input: Raw = Raw()
    output: Raw = Raw()
    error: Raw = Raw()
    input_summary: str | None = None
    output_summary: str | None = None
    started_at: str | UnixMs | None = None
    ended_at: str | UnixMs | None = None
    duration_ms: Milliseconds | None = None
    event_id: EventId | None = None
    sent_at: UnixMs | None = None
    agent_pid: Pid | None = None
    imported: bool = False
    ack: bool = False


class LifeLine(Struct, gc=False):
    """
    A session or prompt begins or ends, told by an agent without hooks (SPEC 3.2).

    ``usage`` tells what a prompt used so far; its tokens are of no other line.
    """

    session_id: Name
    lifecycle: Literal["session_start", "prompt", "prompt_end", "session_end", "usage"]
    v: Literal[1] = 1
    agent: Name | None = None
    prompt: str | None = None
    cwd: Label | None = None
    model: Label | None = None
    reason: Label | None = None
    prompt_id: Name | None = None
    prompt_number: Order | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_read_tokens: Count | None = None
    cache_creation_tokens: Count | None = None
    event_id: EventId | None = None
    sent_at: UnixMs | None = None
    agent_pid: Pid | None = None
    imported: bool = False
    ack: bool = False


class Envelope(Struct, gc=False):
    """
    What the hook client sends: an agent's raw payload, always a JSON object, and who sent it.

    A line with a `trace_type` is a native event and no envelope. `prompt_number` is that of a
    prompt or call whose agent gave its prompts no ids, and only who imports knows it.
    """

    payload: Raw
    v: Literal[1] = 1
    agent: Name | None = None
    event: Name | None = None
    event_id: EventId | None = None
    sent_at: UnixMs | None = None
    agent_pid: Pid | None = None
    prompt_number: Order | None = None
    imported: bool = False
    ack: bool = False
    trace_type: UnsetType = UNSET


class ExportedLine(Struct, gc=False):
    """A row of an export, imported; content comes beside it as JSON, empty if there is none."""

    row: Exported
    v: Literal[1] = 1
    input: Raw = Raw()
    output: Raw = Raw()
    event_id: EventId | None = None
    ack: bool = False

    @property
    def agent(self) -> str:
        """Whose row it is."""
        return self.row.agent

    @property
    def session_id(self) -> str:
        """Of which session it is."""
        return self.row.session_id


class HookPayload(Struct, gc=False):
    """A bare hook payload: the whole line, as the agent wrote it."""

    payload: bytes


class ControlLine(Struct, gc=False):
    """A control line as it is written; ``prune`` alone has more than its word."""

    control: Annotated[str, Meta(max_length=CONTROL_CHARS_MAX)]
    v: Literal[1] = 1
    db: Label | None = None
    age_ms_max: Annotated[int, Meta(ge=0, le=MS_MAX)] | None = None
    bytes_max: Annotated[int, Meta(ge=0, le=PRUNE_BYTES_MAX)] | None = None
    rejected_ids: Annotated[tuple[RowId, ...], Meta(max_length=REJECTED_IDS_MAX)] = ()


class Control(Struct, gc=False):
    """
    A control line to be answered, known or not.

    With an `error` the line was wrong itself: answer that, do nothing. ``prune`` names the database
    that its sender means, the limits, None for no limit, and rejected rows that are to go.
    """

    control: str
    error: str | None = None
    db: str | None = None
    age_ms_max: int | None = None
    bytes_max: int | None = None
    rejected_ids: tuple[int, ...] = ()


class Salvaged(Struct, gc=False):
    """
    The end of a call, saved from a line that was too long to be held.

    `payload` is a JSON object of those top-level members of the hook payload that were whole, so
    that the agent's adapter can read it; what was too long is missing from it. `prompt_id` is
    Codex' turn id where there is no prompt id.
    """

    event_name: EndEvent
    session_id: str
    tool_name: str
    call_id: str
    payload: bytes
    agent: str | None = None
    prompt_id: str | None = None
    agent_id: str | None = None
    duration_ms: float | None = None
    is_interrupt: bool = False
    sent_at: float | None = None
    event_id: str | None = None
    agent_pid: int | None = None


class TooLong(Struct, gc=False):
    """A line beyond the bound: its rejection, and the end of a call if one could be saved."""

    rejected: Rejected
    salvaged: Salvaged | None


Item = NativeEvent | LifeLine | Envelope | ExportedLine | HookPayload | Control | Rejected | TooLong
