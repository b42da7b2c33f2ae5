"""
Whose payload is it: the marks that each agent's own payloads carry (SPEC 3).

Law: a payload's own marks beat what the sender of the envelope says, because Copilot and Cursor
run Claude Code's hook files.
"""

from typing import Final

from traced.agents.fields import Payload

GEMINI_EVENTS: Final = frozenset({"SessionStart", "SessionEnd", "Notification"})


def marked_agent(event: str, payload: Payload) -> str | None:
    """Return the agent whose marks the payload carries, else None."""
    if "cursor_version" in payload:
        return "cursor"
    if "sessionId" in payload:
        return "copilot-cli"
    if event.startswith(("Before", "After")) or event == "PreCompress":
        return "gemini-cli"
    if "timestamp" in payload:
        return (
            "gemini-cli"
            if "transcript_path" in payload and event in GEMINI_EVENTS
            else "copilot-cli"
        )
    transcript = payload.get("transcript_path")
    if (
        ("turn_id" in payload and event != "MessageDisplay")
        or ("model" in payload and "permission_mode" in payload)
        or (isinstance(transcript, str) and transcript.rpartition("/")[2].startswith("rollout-"))
    ):
        return "codex"
    return None
