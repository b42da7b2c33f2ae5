"""
What the tools are asked with, each parameter with its bounds and what it means to an agent.

Law: the schema that an agent is shown and the check of what it sends are made of the same type.
What is unknown is refused, never ignored: a mistyped filter must not look like an answer to it.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

LIMIT_MAX: Final = 100
KINDS_MAX: Final = 50
SLOWEST_MAX: Final = 50
TEXT_CHARS_MAX: Final = 256
NUMBER_MAX: Final = 2**63 - 1
# The largest number of a prompt that a native event may give.
PROMPT_NUMBER_MAX: Final = 999_999_999

TraceType = Literal["tool", "skill", "mcp", "agent", "hook", "command"]
Status = Literal["running", "ok", "error", "denied", "cancelled", "unknown"]
Order = Literal["total_ms", "p95_ms", "errors", "count"]

Limit = Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="At most so many steps.")]
_Text = Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS_MAX)]
_Number = Annotated[int, Meta(ge=0, le=NUMBER_MAX)]
OfAgent = Annotated[
    _Text | None,
    Meta(description="Only of this agent: claude-code, codex, gemini-cli, cursor, …"),
]
OfType = Annotated[
    TraceType | None,
    Meta(description="Only steps of this type; mcp is a call to an MCP server, agent a sub-agent."),
]
OfName = Annotated[
    _Text | None, Meta(description="Only steps of exactly this name: Bash, Read, the MCP tool, …")
]
OfStatus = Annotated[
    Status | None,
    Meta(description="Only steps that ended so; error failed, denied was refused, running runs."),
]
SessionName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TEXT_CHARS_MAX,
        description="Its id, the beginning of it, or `last`: the one used last.",
    ),
]
Next = Annotated[_Number | None, Meta(description="The `next` of the answer before, to go on.")]


class Recent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `recent` is asked with."""

    limit: Limit = 20
    agent: OfAgent = None
    trace_type: OfType = None
    name: OfName = None
    status: OfStatus = None
    before: Next = None


class Session(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `session` is asked with."""

    session: SessionName = "last"
    agent: OfAgent = None
    prompt_number: Annotated[
        Annotated[int, Meta(ge=0, le=PROMPT_NUMBER_MAX)] | None,
        Meta(description="Only this prompt, from 1; 0 is what ran before the first."),
    ] = None
    limit: Limit = 30
    trace_type: OfType = None
    name: OfName = None
    status: OfStatus = None
    after: Next = None


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `search` is asked with."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=TEXT_CHARS_MAX,
            description="Words that must all be there, in any order; the last may be a beginning.",
        ),
    ]
    limit: Limit = 20
    agent: OfAgent = None
    trace_type: OfType = None
    before: Next = None


class Slowest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `slowest` is asked with."""

    since: Annotated[
        _Text | None,
        Meta(description="90s, 15m, 24h, 7d ago or a date; 24h without it. Not with `session`."),
    ] = None
    session: Annotated[
        _Text | None,
        Meta(description="Of one session, all of it: its id, the beginning of it, or `last`."),
    ] = None
    agent: OfAgent = None
    trace_type: OfType = None
    by: Annotated[Order, Meta(description="What the kinds are ordered by, most first.")] = (
        "total_ms"
    )
    kinds: Annotated[int, Meta(ge=0, le=KINDS_MAX, description="At most so many kinds.")] = 15
    steps: Annotated[int, Meta(ge=0, le=SLOWEST_MAX, description="At most so many steps.")] = 10
