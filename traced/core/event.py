"""
What an event means, in words that no agent owns.

An `Event` is one line taken from the socket or the spool. Its `changes` are what it says about
steps, prompts, sub-agents and the session; an event without changes is ``ignored``. Adapters make
changes, the ledger applies them. All times are Unix milliseconds, all texts are already redacted
and cut.
"""

from enum import IntEnum
from typing import Literal

from msgspec import Struct

from traced.core import words
from traced.core.exported import Exported

TraceType = words.TraceType
EndStatus = words.EndStatus
PromptSource = words.PromptSource


class Phase(IntEnum):
    """Which part of a call an event tells, weakest word first (SPEC 4, law 4)."""

    START = 1
    BATCH = 2
    DENIED = 3
    END = 4


class StepChange(Struct, gc=False):
    """
    One event of one step; with a `call_id` it meets the other events of that call.

    A whole step is an ``END`` that brings its own `started_at`. `status` is that of an ``END``;
    for ``BATCH`` it is ``error`` or None (the ledger then decides between ok and denied).
    `match_key` stands for the caller, the tool and its input, where no call id pairs events.
    """

    phase: Phase
    trace_type: TraceType
    name: str
    call_id: str | None = None
    source: str | None = None
    status: EndStatus | None = None
    agent_id: str | None = None
    agent_type: str | None = None
    parent_agent_id: str | None = None
    child_agent_id: str | None = None
    child_agent_type: str | None = None
    prompt_id: str | None = None
    prompt_number: int | None = None
    step_order: int | None = None
    input_summary: str | None = None
    output_summary: str | None = None
    error: str | None = None
    input: str | None = None
    output: str | None = None
    started_at: int | None = None
    ended_at: int | None = None
    duration_ms: float | None = None
    match_key: int | None = None


class PermissionAsked(Struct, gc=False):
    """The agent asked its user; belongs to the oldest running call with this `match_key`."""

    match_key: int


class PromptSubmitted(Struct, gc=False):
    """A prompt was submitted; without an id or a number it is the next one."""

    prompt_id: str | None
    source: PromptSource
    summary: str | None
    prompt_number: int | None = None


class PromptEnded(Struct, gc=False):
    """The response to a prompt is over: to the named one, or without an id to the latest."""

    prompt_id: str | None
    prompt_number: int | None = None


class TokensUsed(Struct, gc=False):
    """
    What the response to a prompt used, its sub-agents with it: all of it so far.

    Input tokens hold those that were read from a cache or written to one.
    """

    prompt_id: str | None = None
    prompt_number: int | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None


class AgentStarted(Struct, gc=False):
    """A sub-agent began; which call launched it is not said here."""

    agent_id: str
    agent_type: str | None
    prompt_id: str | None


class AgentEnded(Struct, gc=False):
    """A sub-agent is done, or `failed` to go on: then how far it came is unknown."""

    agent_id: str
    agent_type: str | None
    failed: bool = False


class SessionStarted(Struct, gc=False):
    """A session began, or was resumed; `continues` says that what ran is still running."""

    continues: bool


class SessionEnded(Struct, gc=False):
    """A session is over; a later start opens it again."""

    reason: str | None


class RunningLost(Struct, gc=False):
    """Nothing that still runs in the session will be ended by anybody."""


class ModelChanged(Struct, gc=False):
    """The session goes on with another model (the event's `model`)."""


Change = (
    StepChange
    | PermissionAsked
    | PromptSubmitted
    | PromptEnded
    | TokensUsed
    | AgentStarted
    | AgentEnded
    | SessionStarted
    | SessionEnded
    | RunningLost
    | ModelChanged
    | Exported
)


Status = Literal["stored", "duplicate", "rejected", "ignored"]


class Outcome(Struct, gc=False, kw_only=True):
    """
    What became of one event: the answer that its sender gets after the commit.

    Its fields are the keys of an ack, in the order of SPEC 3.
    """

    event_id: str | None = None
    status: Status
    session_id: str | None = None
    step_order: int | None = None
    error: str | None = None
    reason: str | None = None


class Event(Struct, gc=False):
    """
    One line, understood.

    `at` is when it happened as far as is known: the agent's own timestamp, else `sent_at`, else
    the time of receipt. `event_id` is the client's, else derived where the payload is unique, else
    None: two identical ones are then both genuine. `known_by` recognises it in place of `event_id`,
    where two clients, each with an id of its own, may tell of it. `origin` names the place in the
    spool that it was read from, if it was. What is `imported` is told afterwards, from what an
    agent wrote down: it adds what is missing and changes nothing that is known.
    """

    agent: str
    session_id: str
    at: int
    changes: tuple[Change, ...]
    event_id: str | None = None
    known_by: str | None = None
    cwd: str | None = None
    model: str | None = None
    agent_pid: int | None = None
    peer_uid: int | None = None
    origin: str | None = None
    imported: bool = False

    @property
    def is_row(self) -> bool:
        """Whether it is a row of an export, which may tell more of what is known already."""
        return self.imported and isinstance(self.changes[0], Exported)

    def outcome(self, status: Status, step_order: int | None = None) -> Outcome:
        """Return the outcome that its sender gets."""
        return Outcome(
            event_id=self.event_id,
            status=status,
            session_id=self.session_id,
            step_order=step_order,
        )


class Rejected(Struct, gc=False):
    """
    A line that could not be taken, with what is kept of it.

    `reason` is one of the closed list in SPEC 3. `detail` names the field, the value and what was
    expected. `raw` is redacted already; `length` is the line's length in bytes before any cut.
    `salvaged` is what could be saved of a line that was too long; it takes effect all the same.
    What was lost before it got this far is kept in the same form, as `discarded`, `count` events
    at a time. Of one `origin`, a place in the spool, one is kept however often it is read.
    """

    reason: str
    detail: str
    raw: bytes | None
    length: int
    agent: str | None = None
    session_id: str | None = None
    event_id: str | None = None
    ack: bool = False
    salvaged: Event | None = None
    kind: Literal["rejected", "discarded"] = "rejected"
    count: int = 1
    origin: str | None = None
