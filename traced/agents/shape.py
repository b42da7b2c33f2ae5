"""
What every payload tells of itself: its event, its session, its folder.

Law: these stand where Claude Code has them, in `hook_event_name`, `session_id` and `cwd`; all else
stays as its agent wrote it, for that agent's adapter to read.
"""

from typing import Final

from traced.agents.fields import Payload, mapping, text

EVENT: Final = "hook_event_name"
SESSION: Final = "session_id"
# The hook of OpenCode's plugins through which its bus speaks: what happened is one level below.
BUS: Final = "event"
# Where our plugin puts the sessions above a sub-agent's, the user's first, and that one's last.
LINEAGE: Final = "lineage"


def shaped(payload: Payload) -> Payload:
    """Return the payload with its event, session and folder where Claude Code has them."""
    if payload.get("cursor_version") is not None:
        return _cursor(payload)
    if payload.get("sessionId") is not None:
        return {**payload, SESSION: payload["sessionId"]}
    if _is_opencode(payload):
        return _opencode(payload)
    if payload.get("parent_agent_id") and payload.get("agent_id") == payload.get(SESSION):
        # Copilot CLI's sub-agent, whose id stands where its user's session has its own elsewhere.
        return {**payload, SESSION: payload["parent_agent_id"]}
    return payload


def _is_opencode(payload: Payload) -> bool:
    """Whether a plugin of OpenCode wrote it: its hook, and what that was given."""
    return isinstance(payload.get("hook"), str) and isinstance(payload.get("input"), dict)


def _cursor(payload: Payload) -> Payload:
    # In the shape of Claude Code's hooks a session_id comes beside it, which must be the same.
    session_id = text(payload, "conversation_id") or payload.get(SESSION)
    roots = payload.get("workspace_roots")
    folder = roots[0] if isinstance(roots, list) and roots else None
    return {**payload, SESSION: session_id, "cwd": payload.get("cwd") or folder}


def _opencode(payload: Payload) -> Payload:
    told = mapping(payload, "input")
    if payload["hook"] != BUS:
        return _rooted({**payload, EVENT: payload["hook"], SESSION: told.get("sessionID")})
    event = mapping(told, "event")
    about = mapping(event, "properties")
    part, info = mapping(about, "part"), mapping(about, "info")
    session_id = about.get("sessionID") or part.get("sessionID") or info.get("sessionID")
    folder = info.get("directory")
    if session_id is None and str(event.get("type")).startswith("session."):
        session_id = info.get("id")
    return _rooted({**payload, EVENT: event.get("type"), SESSION: session_id, "cwd": folder})


def _rooted(payload: Payload) -> Payload:
    # What a sub-agent's own session tells belongs to the one whose user asked for it.
    lineage = payload.get(LINEAGE)
    return {**payload, SESSION: lineage[0]} if isinstance(lineage, list) and lineage else payload
