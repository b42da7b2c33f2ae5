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
    mark = payload.get
    if mark("cursor_version") is not None:
        return "cursor"
    if mark("sessionId") is not None:
        return "copilot-cli"
    if event.startswith(("Before", "After")) or event == "PreCompress":
        return "gemini-cli"
    transcript = mark("transcript_path")
    if mark("timestamp") is not None:
        is_gemini = transcript is not None and event in GEMINI_EVENTS
        return "gemini-cli" if is_gemini else "copilot-cli"
    is_rollout = (
        isinstance(transcript, str)
        and "rollout-" in transcript
        and ROLLOUT.search(transcript) is not None
    )
    has_turn = mark("turn_id") is not None and event != "MessageDisplay"
    has_both = mark("model") is not None and mark("permission_mode") is not None
    return "codex" if has_turn or is_rollout or has_both else None
