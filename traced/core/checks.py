"""
What must hold of a line's fields beyond their types, and what to say where it does not.

Law: every field of every kind of line has its expectation here, told as a person would.
"""

import re
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Raw, Struct

from traced.core.times import MS_MAX, parse_time
from traced.core.wire import (
    PRUNE_BYTES_MAX,
    REJECTED_IDS_MAX,
    Envelope,
    ExportedLine,
    LifeLine,
    NativeEvent,
)

CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# What a lone surrogate or U+0000 has become: two ids that held some could be one by now, and what
# has the second would be taken for what had the first.
_REPLACEMENT: Final = "\ufffd"

_SESSION: Final = "a string of 1 to 256 characters without control characters"
_NAME: Final = "a string of 1 to 256 characters"
_ID: Final = "a string of 1 to 4096 characters"
_WHOLE: Final = "without U+0000, U+FFFD or lone surrogates"
_LABEL: Final = "a string of up to 4096 characters"
_TOKENS: Final = f"an integer from 0 to {2**53}"
_ORDER: Final = "an integer from 0 to 999999999"
_UNIX_MS: Final = f"Unix milliseconds from 0 to {MS_MAX}"
_TIME: Final = "an RFC 3339 time with its offset, or Unix milliseconds, from 1970 to 9999"

EXPECTED: Final = MappingProxyType(
    {
        "v": "1",
        "ack": "true or false",
        "age_ms_max": f"an integer from 0 to {MS_MAX}",
        "agent": _NAME,
        "agent_id": _ID,
        "agent_pid": "an integer from 0 to 2147483647",
        "agent_type": _LABEL,
        "bytes_max": f"an integer from 0 to {PRUNE_BYTES_MAX}",
        "call_id": f"{_ID} {_WHOLE}, beside every phase",
        "child_agent_id": _ID,
        "cache_creation_tokens": _TOKENS,
        "cache_read_tokens": _TOKENS,
        "control": "ping, flush, status or prune",
        "cwd": _LABEL,
        "db": _LABEL,
        "duration_ms": f"a number of milliseconds from 0 to {MS_MAX}",
        "ended_at": _TIME,
        "event": _NAME,
        "event_id": f"a string of 1 to 128 characters {_WHOLE}",
        "imported": "true or false",
        "input_summary": "a string",
        "input_tokens": _TOKENS,
        "lifecycle": "session_start, prompt, prompt_end, session_end or usage",
        "model": _LABEL,
        "name": _NAME,
        "output_summary": "a string",
        "output_tokens": _TOKENS,
        "parent_agent_id": _ID,
        "payload": "a JSON object",
        "phase": "start or end, or no phase",
        "prompt": "a string",
        "prompt_id": _NAME,
        "prompt_number": _ORDER,
        "reason": _LABEL,
        "rejected_ids": f"an array of up to {REJECTED_IDS_MAX} ids of rejected events",
        "row": "a session, agent, prompt or step with the columns of its relation",
        "sdk_session_id": _SESSION,
        "sent_at": _UNIX_MS,
        "session_id": _SESSION,
        "source": _LABEL,
        "started_at": _TIME,
        "status": "ok, error, denied or cancelled",
        "step_order": _ORDER,
        "trace_type": "tool, skill, mcp, agent, hook or command",
    }
)


def settle(line: Struct) -> str | None:
    """
    Finish a decoded line in place; return the name of the first field that is wrong, or None.

    A native event gets its session from the alias and its times as Unix milliseconds.
    """
    if isinstance(line, NativeEvent):
        return settle_native(line)
    if isinstance(line, Envelope):
        if memoryview(line.payload)[0] != ord("{"):
            return "payload"
        return _wrong_event_id(line.event_id)
    if isinstance(line, LifeLine | ExportedLine):
        if CONTROLS.search(line.session_id):
            return "session_id" if isinstance(line, LifeLine) else "row"
        return _wrong_event_id(line.event_id)
    return None


def settle_native(event: NativeEvent) -> str | None:
    """Settle a native event: by itself, because it runs for each event of a stream."""
    return _settle_session(event) or _wrong_id(event) or _settle_times(event)


def _settle_session(event: NativeEvent) -> str | None:
    session_id = event.session_id or event.sdk_session_id
    if session_id is None:
        return "session_id"
    # isprintable is ten times as fast as a search, and true of all but odd ids.
    if not session_id.isprintable() and CONTROLS.search(session_id):
        return "session_id" if event.session_id else "sdk_session_id"
    event.session_id = session_id
    return None


def _wrong_id(event: NativeEvent) -> str | None:
    if event.call_id is None:
        if event.phase is not None:
            return "call_id"
    elif _REPLACEMENT in event.call_id:
        return "call_id"
    return None if event.event_id is None else _wrong_event_id(event.event_id)


def _wrong_event_id(event_id: str | None) -> str | None:
    return "event_id" if event_id is not None and _REPLACEMENT in event_id else None


def _settle_times(event: NativeEvent) -> str | None:
    # A whole number has been held to its bounds by its type.
    try:
        if type(event.started_at) is not int:
            event.started_at = parse_time(event.started_at)
    except ValueError:
        return "started_at"
    try:
        if type(event.ended_at) is not int:
            event.ended_at = parse_time(event.ended_at)
    except ValueError:
        return "ended_at"
    return None


def wrong_type(kind: type[Struct], record: dict[str, object]) -> str | None:
    """Return the first field of `record` that does not fit the type of its `kind`, or None."""
    for field in msgspec.structs.fields(kind):
        if field.encode_name not in record:
            if field.required:
                return field.encode_name
        elif field.type is not Raw:
            try:
                msgspec.convert(record[field.encode_name], field.type)
            except msgspec.ValidationError:
                return field.encode_name
    return None
