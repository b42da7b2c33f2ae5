"""Sessions to look at: a recorded, a huge, a hostile and a running one; in a real daemon."""

import json
import time
from typing import Any

from support.daemon import Daemon
from support.recorded import Scenario

HUGE_STEPS = 5000
HUGE_PROMPTS = 40
# Whoever shows these unescaped runs a script, turns the line around or moves the cursor.
HOSTILE = (
    "<script>window.broken = true</script>",
    "<img src=x onerror='window.broken = true'>",
    "'\"><svg onload=window.broken=true>",
    "javascript:window.broken=true//",
    "\u202egpj.exe\u202c and \u2066isolated",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "{{ 7 * 7 }} {% include 'x' %} &lt;b&gt;",
    "a\u0301\u0301\u0301 zero\u200bwidth \U000e0041tag",
)
SECRETIVE_NAME_CHARS = 100_000


def line(session_id: str, **keys: object) -> bytes:
    """Return a line that a program of one's own sends."""
    return json.dumps({"v": 1, "session_id": session_id, "agent": "custom"} | keys).encode()


def step(session_id: str, name: str, started_at: int, length_ms: int, **keys: Any) -> bytes:
    """Return a whole step, `started_at` in Unix ms."""
    times = {"started_at": started_at, "ended_at": started_at + length_ms}
    return line(session_id, **{"trace_type": "tool", "name": name} | times | keys)


def play(daemon: Daemon, scenario: Scenario) -> None:
    """Play a recorded session."""
    daemon.send(*scenario.envelopes())


def huge(daemon: Daemon, steps: int = HUGE_STEPS, prompts: int = HUGE_PROMPTS) -> str:
    """Record a session of thousands of steps; return its id."""
    start = int(time.time() * 1000) - 2 * 3_600_000
    lines, names = [], ("Bash", "Read", "Edit", "Grep", "Write", "WebFetch", "Glob")
    clock = start
    for number in range(steps):
        if number % (steps // prompts) == 0:
            asked = {"lifecycle": "prompt", "prompt": f"Go on with part {number} of the plan"}
            lines.append(line("huge", **asked, sent_at=clock, cwd="/home/dev/monolith"))
        length = 20 + (number * number * 37) % 4000
        lines.append(
            step(
                "huge",
                names[(number * number) % 11 % len(names)],
                clock,
                length,
                trace_type="mcp" if number % 11 == 0 else "tool",
                source="github" if number % 11 == 0 else None,
                status="error" if number % 97 == 0 else "ok",
                error="exit status 1: no such file" if number % 97 == 0 else None,
                input_summary=f"/home/dev/monolith/src/module_{number % 300}/file_{number}.py",
            )
        )
        clock += length // (2 if number % 5 else 1) + 300
    daemon.send(*lines)
    return "huge"


def hostile(daemon: Daemon) -> str:
    """Record a session whose every text is an attack; return its id."""
    start = int(time.time() * 1000) - 600_000
    session_id = "<b>&hostile/../x?y#z \"'"
    lines = [
        line(session_id, lifecycle="session_start", cwd=f"/tmp/{HOSTILE[0]}", model=HOSTILE[1]),
        line(session_id, lifecycle="prompt", prompt=" ".join(HOSTILE)),
    ]
    for number, text in enumerate(HOSTILE):
        lines.append(
            step(
                session_id,
                text.encode("unicode_escape").decode() if number == 5 else text,  # no controls
                start + number * 1000,
                800,
                trace_type=("tool", "mcp", "skill", "command")[number % 4],
                source=text if number % 4 == 1 else None,
                status="error" if number % 2 else "ok",
                input=text,
                output=text * 3,
                error=text,
                call_id=f"call {number} {text}"[:200],
                phase=None,
                agent_type=text,
            )
        )
    long = "x" * SECRETIVE_NAME_CHARS
    lines.append(step(session_id, "long", start + 9000, 100, input_summary=long, input=long))
    lines.append(step(session_id, "W" * 256, start + 9100, 100, input_summary="word " * 20_000))
    daemon.send(*lines)
    return session_id


def running(daemon: Daemon) -> str:
    """Record a session in which calls run side by side just now; return its id."""
    now = int(time.time() * 1000)
    lines = [
        line("running", lifecycle="session_start", cwd="/home/dev/shop", sent_at=now - 95_000),
        line("running", lifecycle="prompt", prompt="Why is checkout slow?", sent_at=now - 90_000),
        step("running", "Grep", now - 88_000, 340, input_summary="def checkout"),
        step("running", "Read", now - 86_000, 40, input_summary="/home/dev/shop/checkout.py"),
        line(
            "running",
            trace_type="agent",
            name="Explore",
            phase="start",
            call_id="c1",
            started_at=now - 80_000,
            input_summary="Find every query that checkout makes",
        ),
        line(
            "running",
            trace_type="tool",
            name="Bash",
            phase="start",
            call_id="c2",
            started_at=now - 79_000,
            input_summary="pytest tests/checkout -x --durations=5",
        ),
    ]
    daemon.send(*lines)
    return "running"
