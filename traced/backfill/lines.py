"""
Lines for the socket that tell of something afterwards.

Law: each is marked as imported, so that it adds what is missing and changes nothing that is known;
none is longer than the daemon takes.
"""

import json
from collections.abc import Mapping
from typing import Final

# A summary needs little of it; only `capture = full` would keep more, of what is longer than this.
CONTENT_BYTES_MAX: Final = 2 * 1024 * 1024
CUT_CHARS: Final = 64 * 1024

CONTENT: Final = ("tool_input", "tool_response", "prompt", "error", "reason")


def hook(
    agent: str, payload: Mapping[str, object], at: int, prompt_number: int | None = None
) -> bytes:
    """Return the line of what a hook would have told at `at` (Unix ms)."""
    head: dict[str, object] = {"v": 1, "ack": True, "imported": True, "agent": agent, "sent_at": at}
    if prompt_number is not None:
        head["prompt_number"] = prompt_number
    line = _encoded({**head, "payload": payload})
    if len(line) > CONTENT_BYTES_MAX:
        line = _encoded({**head, "payload": _cut(payload)})
    return line


def life(agent: str, session_id: str, lifecycle: str, at: int, **said: object) -> bytes:
    """Return a life line (SPEC 3.2) of `at` (Unix ms)."""
    line = {"v": 1, "ack": True, "imported": True, "agent": agent, "session_id": session_id}
    known = {key: value for key, value in said.items() if value is not None}
    return _encoded({**line, "lifecycle": lifecycle, "sent_at": at, **known})


def _cut(payload: Mapping[str, object]) -> dict[str, object]:
    cut = dict(payload)
    for key in CONTENT:
        if (value := payload.get(key)) is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            if len(text) > CUT_CHARS:
                cut[key] = text[:CUT_CHARS]
    return cut


def _encoded(line: Mapping[str, object]) -> bytes:
    # As ASCII: what the file holds of half characters stays an escape, which the daemon knows.
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"
