"""
Whose payload is it: the marks that each agent's own payloads carry (SPEC 3).

Law: a payload's own marks beat what the sender of the envelope says, because Copilot and Cursor
run Claude Code's hook files.
"""

import re
from typing import Final

from traced.agents.fields import Payload

GEMINI_EVENTS: Final = frozenset({"SessionStart", "SessionEnd", "Notification"})
ROLLOUT: Final = re.compile(r"(?:^|[/\\])rollout-[^/\\]*\Z")


def marked_agent(event: str, payload: Payload) -> str | None:
    """Return the agent whose marks the payload carries, else None."""
    marks = {key for key, value in payload.items() if value is not None}
    if "cursor_version" in marks:
        return "cursor"
    if "sessionId" in marks:
        return "copilot-cli"
    if event.startswith(("Before", "After")) or event == "PreCompress":
        return "gemini-cli"
    if "timestamp" in marks:
        is_gemini = "transcript_path" in marks and event in GEMINI_EVENTS
        return "gemini-cli" if is_gemini else "copilot-cli"
    transcript = payload.get("transcript_path")
    is_rollout = isinstance(transcript, str) and ROLLOUT.search(transcript) is not None
    has_turn = "turn_id" in marks and event != "MessageDisplay"
    if has_turn or is_rollout or {"model", "permission_mode"} <= marks:
        return "codex"
    return None
