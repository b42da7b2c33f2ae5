"""
The end of a call, saved from a line that was too long to be held.

Law: the event, the session, the tool and the call must all show in whole members of the hook
payload, or nothing is saved.
"""

from typing import Literal

import msgspec
from msgspec import Struct

from traced.core.checks import CONTROLS
from traced.core.ends import IN_ENVELOPE, as_object, known_keys, whole_end, whole_start
from traced.core.long_line import LongLine
from traced.core.wire import EndEvent, EventId, Id, Milliseconds, Name, Pid, Salvaged, UnixMs


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
    tool_name: Id
    tool_use_id: Id
    prompt_id: Id | None = None
    turn_id: Id | None = None
    agent_id: Id | None = None
    duration_ms: Milliseconds | None = None
    is_interrupt: bool | None = None


def salvage(line: LongLine) -> Salvaged | None:
    """
    Return the end of a call that a complete line tells, without its content.

    None if its two ends do not show an end hook's event, session, tool and call.
    """
    start = whole_start(line.head)
    if not start.open:
        return None
    members = line.head[start.begin : start.end], whole_end(line.tail, start.depth)
    payload = b"{%b}" % b",".join(filter(None, members))
    envelope = known_keys(line.head) if start.depth == IN_ENVELOPE else {}
    try:
        hook = msgspec.convert(as_object(payload), _EndHook)
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
