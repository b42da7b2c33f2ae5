"""
Cursor's hook payloads, as changes, in its own shape and as it calls Claude Code's hooks.

Law: as Claude Code's but for names. The generic events of a call tell all of it; those of shells,
MCP calls and files speak of the same calls without their id and keep nothing. Whose e-mail address
comes along is never read. Facts: its documentation; no payload of the real program was at hand.
"""

from typing import Final

from traced.agents import claude_code
from traced.agents.fields import Payload, text
from traced.core.capture import Capture
from traced.core.errors import Malformed
from traced.core.event import Change, StepChange
from traced.core.json_text import decode_json

# As it calls Claude Code's hooks, it may name the events as these do: they are known already.
EVENTS: Final = {
    "preToolUse": "PreToolUse",
    "postToolUse": "PostToolUse",
    "postToolUseFailure": "PostToolUseFailure",
    "beforeSubmitPrompt": "UserPromptSubmit",
    "stop": "Stop",
    "subagentStart": "SubagentStart",
    "subagentStop": "SubagentStop",
    "sessionStart": "SessionStart",
    "sessionEnd": "SessionEnd",
}
READ: Final = frozenset(EVENTS.values())
MCP_PREFIX: Final = "MCP:"
# Each key of Claude Code's with what Cursor calls it; Claude Code's own name is taken second.
KEYS: Final = {
    "prompt_id": "generation_id",
    "error": "error_message",
    "duration_ms": "duration",
    "agent_id": "subagent_id",
    "agent_type": "subagent_type",
}


def changes(event: str, payload: Payload, at: int, capture: Capture) -> tuple[Change, ...]:
    """
    Return what one hook event at `at` (Unix ms) says; nothing for events that keep nothing.

    Raises:
        Malformed: If a call lacks its id or its tool's name.
    """
    known_event, known = _known(event, payload)
    if known_event not in READ and known_event != "PermissionDenied":
        return ()
    if known_event.startswith("Subagent") and text(known, "agent_id") is None:
        return ()  # which one is not said
    told = claude_code.changes(known_event, known, at, capture)
    for change in told:
        if isinstance(change, StepChange):
            _finish(change, known, capture)
    return told


def event_id(event: str, payload: Payload) -> str | None:
    """Return an id that is the same for the same event, where the payload is unique, else None."""
    return claude_code.event_id(*_known(event, payload))


def _known(event: str, payload: Payload) -> tuple[str, Payload]:
    known = dict(payload)
    for name, own in KEYS.items():
        if payload.get(own) is not None:
            known[name] = payload[own]
    output = text(payload, "tool_output")
    if output is not None:
        known["tool_response"] = _decoded(output)
    event = EVENTS.get(event, event)
    if event == "PostToolUseFailure" and payload.get("failure_type") == "permission_denied":
        return "PermissionDenied", {**known, "reason": known.get("error")}
    return event, known


def _finish(step: StepChange, known: Payload, capture: Capture) -> None:
    tool_name = text(known, "tool_name") or ""
    if tool_name.startswith(MCP_PREFIX) and len(tool_name) > len(MCP_PREFIX):
        step.trace_type, step.name = "mcp", capture.label(tool_name.removeprefix(MCP_PREFIX))
    response = known.get("tool_response")
    if isinstance(response, dict) and isinstance(response.get("stdout"), str):
        said = {key: response[key] for key in ("stdout", "stderr") if response.get(key)}
        step.output_summary = capture.value(said)


def _decoded(output: str) -> object:
    try:
        return decode_json(output.encode("utf-8", "replace"))
    except Malformed:
        return output
