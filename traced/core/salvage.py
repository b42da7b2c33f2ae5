"""
The end of a call, saved from a line that was too long to be held.

Law: content cannot pass for a key. Both ends of the line are read as JSON tokens from a place known
to be outside of strings: the start from its first byte on, the end from its last byte back. Going
back works because inside a JSON string every quote follows a backslash, and the quote that opens
a string never does.
"""

import re
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from traced.core.checks import CONTROLS
from traced.core.errors import Malformed
from traced.core.json_text import decode_json
from traced.core.long_line import LongLine
from traced.core.wire import EventId, Id, Milliseconds, Name, Pid, Salvaged, UnixMs

# The last alternative is a string that does not end within the bytes at hand.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s"{}\[\],:]++|"', re.DOTALL)
_TOKEN_FROM_BEHIND: Final = re.compile(rb'"(?:[^"]++|"(?=\\))*+"|[{}\[\],:]|[^\s"{}\[\],:]++|"')

_IN_ENVELOPE: Final = 2

EndEvent = Literal["PostToolUse", "PostToolUseFailure"]


class _Sender(Struct):
    """What an envelope says about its payload."""

    v: Literal[1] = 1
    agent: Name | None = None
    event_id: EventId | None = None
    sent_at: UnixMs | None = None
    agent_pid: Pid | None = None


class _EndHook(Struct):
    """What Claude Code and Codex say about the end of a call, beside its content."""

    session_id: Name
    hook_event_name: EndEvent
    tool_name: Annotated[str, Meta(min_length=1, max_length=4096)]
    tool_use_id: Id
    prompt_id: Id | None = None
    turn_id: Id | None = None
    agent_id: Id | None = None
    duration_ms: Milliseconds | None = None
    is_interrupt: bool | None = None


class _Start(Struct):
    """
    The whole members at a line's start.

    `depth` is 1 where the line itself is the hook payload, 2 (`_IN_ENVELOPE`) where that is in one.
    `begin` and `end` enclose the payload's whole members; `open` says that the payload goes on.
    """

    depth: int = 1
    begin: int = 0
    end: int = 0
    open: bool = True


def known_keys(line: LongLine) -> dict[str, object]:
    """Return the whole members at the start of a line; none if it is no object."""
    start = _start(line.head)
    return _object(line.head[: start.end] + b"}" * start.depth)


def salvage(line: LongLine) -> Salvaged | None:
    """
    Return the end of a call that a complete line tells, without its content.

    None if its two ends do not show an end hook's event, session, tool and call.
    """
    start = _start(line.head)
    if not start.open:
        return None
    members = line.head[start.begin : start.end], _end(line.tail, start.depth)
    payload = b"{%b}" % b",".join(filter(None, members))
    envelope = known_keys(line) if start.depth == _IN_ENVELOPE else {}
    try:
        hook = msgspec.convert(_object(payload), _EndHook)
        sender = msgspec.convert(envelope, _Sender)
    except msgspec.ValidationError:
        return None
    if CONTROLS.search(hook.session_id):
        return None
    return Salvaged(
        event_name=hook.hook_event_name,
        session_id=hook.session_id,
        tool_name=hook.tool_name,
        call_id=hook.tool_use_id,
        payload=payload,
        agent=sender.agent,
        prompt_id=hook.prompt_id or hook.turn_id,
        agent_id=hook.agent_id,
        duration_ms=hook.duration_ms,
        is_interrupt=hook.is_interrupt is True,
        sent_at=sender.sent_at,
        event_id=sender.event_id,
        agent_pid=sender.agent_pid,
    )


def _start(head: bytes) -> _Start:
    """Walk through a line's start to its last whole member."""
    start = _Start()
    depth = 0
    before = key = b""
    for match in _TOKEN.finditer(head):
        token = match[0]
        if token == b'"':
            break
        if token in (b"{", b"["):
            depth += 1
            if depth == 1 or (depth == _IN_ENVELOPE and token == b"{" and key == b'"payload"'):
                start = _Start(depth, match.end(), match.end())
        elif token in (b"}", b"]"):
            depth -= 1
            if depth < start.depth:
                start.open = False
                break
        elif token == b"," and depth == start.depth:
            start.end = match.start()
        elif token == b":" and depth == 1:
            key = before
        before = token
    return start


def _end(tail: bytes, inside: int) -> bytes:
    """Walk back from a line's end; return the whole members of the object `inside` deep."""
    depth = begin = end = 0
    for match in _TOKEN_FROM_BEHIND.finditer(tail[::-1]):
        token = match[0]
        place = len(tail) - match.end()
        if place == 0 or token == b'"':
            break  # it begins before the tail does
        if token in (b"}", b"]"):
            depth += 1
            if depth == inside:
                begin = end = place
            if depth <= inside and token == b"]":
                break
        elif token in (b"{", b"["):
            depth -= 1
        elif token == b"," and depth == inside:
            begin = place + 1
        if depth < inside and token != b"}":
            break  # the object is over, or something stands behind it
    return tail[begin:end]


def _object(data: bytes) -> dict[str, object]:
    try:
        value = decode_json(data)
    except Malformed:
        return {}
    return value if isinstance(value, dict) else {}
