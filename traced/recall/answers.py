"""
What the tools answer: documents that an agent reads, with the public column names.

Law: what is null is left out, every text is cut at TEXT_CHARS_MAX and every answer at
ANSWER_CHARS_MAX characters; what did not fit is asked for with `next`.
"""

from collections.abc import Iterable
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from traced.core.summarise import cut

# Agents cut or refuse what is longer than some 25,000 tokens, and read less with more attention.
ANSWER_CHARS_MAX: Final = 40_000
TEXT_CHARS_MAX: Final = 500

Next = Annotated[
    int | None, Meta(description="Asks for what comes after; without it this is the end.")
]
T = TypeVar("T", bound=msgspec.Struct)


class ToldStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tool, skill, MCP call, sub-agent, hook or slash command that ran."""

    agent: str
    session_id: str
    prompt_number: int
    step_order: int
    trace_type: str
    name: str
    status: str
    source: str | None = None
    input_summary: str | None = None
    output_summary: str | None = None
    error: str | None = None
    started_at: str | None = None
    duration_ms: float | None = None
    permission_wait_ms: float | None = None
    agent_id: str | None = None
    agent_type: str | None = None
    child_agent_id: str | None = None


class ToldPrompt(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One prompt; `source` is agent where the agent submitted it itself.

    Tokens are those of its response, sub-agents with it; the input's hold those of the cache.
    """

    prompt_number: int
    source: str | None = None
    summary: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None


class ToldSession(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run of an agent; how many prompts and steps it has, how many failed, how many run."""

    agent: str
    session_id: str
    last_event_at: str
    prompts: int
    steps: int
    errors: int
    running: int
    cwd: str | None = None
    model: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    end_reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None


class ToldKind(msgspec.Struct, frozen=True, omit_defaults=True):
    """How often and how long steps of one kind ran; `source` is the server of an MCP tool."""

    trace_type: str
    name: str
    count: int
    errors: int
    total_ms: float
    source: str | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None


class RecentSteps(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    The steps recorded last, latest first.

    Where few fit, there may be fewer than asked for, or none, and still a `next`.
    """

    steps: list[ToldStep]
    next: Next = None


class SessionSteps(msgspec.Struct, frozen=True, omit_defaults=True):
    """A session, a page of its steps by `step_order`, and the prompts around these."""

    session: ToldSession
    prompts: list[ToldPrompt]
    steps: list[ToldStep]
    prompts_left_out: int = 0
    next: Next = None


class FoundSteps(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    The steps found, the one that changed last first.

    If not `complete`, some of the newest steps are not indexed yet, and were not searched.
    """

    steps: list[ToldStep]
    complete: bool
    next: Next = None


class SlowestSteps(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    The kinds of steps in the order asked for, and the slowest single steps.

    Not `complete`: for the single steps only the `looked_at` recorded last were looked at.
    """

    kinds: list[ToldKind]
    steps: list[ToldStep]
    looked_at: int
    complete: bool


def told(kind: type[T], row: msgspec.Struct, **more: int) -> T:
    """Return a row as a document that has its columns, and `more`; texts are cut."""
    columns = msgspec.structs.asdict(row) | more
    known = {
        name: cut(value, TEXT_CHARS_MAX) if isinstance(value, str) else value
        for name, value in columns.items()
        if name in kind.__struct_fields__
    }
    return msgspec.convert(known, kind)


def fitting(documents: Iterable[T], chars_max: int) -> list[T]:
    """Return as many of the first as fit into so many characters of JSON; at least the first."""
    chosen: list[T] = []
    chars = 0
    for document in documents:
        chars += len(msgspec.json.encode(document).decode()) + 1
        if chosen and chars > chars_max:
            break
        chosen.append(document)
    return chosen
