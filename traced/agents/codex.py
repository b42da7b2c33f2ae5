"""
Codex CLI's hook payloads (0.169), as changes.

Law: as Claude Code's, whose shape they have, but for what is written here. A turn's id names the
prompt, but a sub-agent's turn is its own; a call that failed ends like one that did not. Facts: the
payloads in tests/fixtures/codex.
"""

from typing import Final

from traced.agents import claude_code
from traced.agents.fields import Payload, text
from traced.core.capture import Capture
from traced.core.errors import Malformed
from traced.core.event import Change
from traced.core.json_text import decode_json

# Its turn is over, for its user stopped it: what still runs will not be told of.
INTERRUPTED: Final = "Interrupt"


def changes(event: str, payload: Payload, at: int, capture: Capture) -> tuple[Change, ...]:
    """
    Return what one hook event at `at` (Unix ms) says; nothing for events that keep nothing.

    Raises:
        Malformed: If a call, a sub-agent or a prompt lacks what identifies it.
    """
    known = "Stop" if event == INTERRUPTED else event
    return claude_code.changes(known, _as_claude_code(event, payload), at, capture)


def event_id(event: str, payload: Payload) -> str | None:
    """Return an id that is the same for the same event, where the payload is unique, else None."""
    return claude_code.event_id(event, _as_claude_code(event, payload))


def _as_claude_code(event: str, payload: Payload) -> Payload:
    known = dict(payload)
    if payload.get("agent_id") is None:
        known["prompt_id"] = payload.get("turn_id")
    if event == "PostToolUse" and payload.get("tool_name") == "spawn_agent":
        known["tool_response"] = _launched(payload)
    return known


def _launched(payload: Payload) -> object:
    """Return the answer of a launch with the sub-agent's id where Claude Code has it."""
    response = payload.get("tool_response")
    told = text(payload, "tool_response")
    if told is not None:
        try:
            response = decode_json(told.encode("utf-8", "replace"))
        except Malformed:
            return told
    return {**response, "agentId": response.get("agent_id")} if isinstance(response, dict) else told
