"""
Native events as a program that records its steps would send them, 726 bytes a line on average.

Law: the same seed gives the same bytes; sessions are interleaved event by event.
"""

import json
import random
from collections.abc import Iterator

SESSIONS = 200
TOOLS = ("Bash", "Read", "Edit", "Grep", "Glob", "Write", "WebFetch", "TodoWrite")
PROSE = (
    "def test returns the value of each row and prints what was found in file main.py line 42 "
    "import sys from pathlib Path assert len result == 3 running npm install build ok warning "
    "unused variable in src/app/handlers.ts:118 git status clean nothing to commit"
)
WORDS = PROSE.split()
TEXTS = 2000


def native_lines(count: int, *, known: bool = False, acked: bool = False) -> Iterator[bytes]:
    """Yield `count` whole steps, each a line with its newline; those `known` have an id."""
    chance = random.Random(1)
    texts = [_text(chance, 165, 405) for _ in range(TEXTS)]
    for number in range(count):
        started_at = 1_790_000_000_000 + number * 7
        event = {
            "v": 1,
            **({"ack": True} if acked else {}),
            **({"event_id": f"{number:012d}"} if known else {}),
            "session_id": f"6f1d2c3b-0000-4000-8000-{number % SESSIONS:012d}",
            "trace_type": "tool",
            "name": TOOLS[number % len(TOOLS)],
            "agent": "custom-agent",
            "input_summary": texts[number % TEXTS][:200],
            "output_summary": texts[(number * 7 + 3) % TEXTS],
            "status": "ok" if number % 20 else "error",
            "started_at": started_at,
            "ended_at": started_at + number % 900,
            "duration_ms": float(number % 900),
        }
        yield json.dumps(event, separators=(",", ":")).encode() + b"\n"


def _text(chance: random.Random, chars_min: int, chars_max: int) -> str:
    length = chance.randint(chars_min, chars_max)
    text = ""
    while len(text) < length:
        text += chance.choice(WORDS) + " "
    return text[:length]
