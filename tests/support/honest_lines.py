"""Lines as honest senders write them, of every kind and every agent with an adapter."""

import json
from collections.abc import Iterator

from support.recorded import FIXTURES, envelope
from traced.agents.registry import ADAPTERS

LINE_BYTES_MAX = 20_000  # a mutation is as good in a small line, and there are more of them

_NATIVE = {
    "v": 1,
    "agent": "custom",
    "session_id": "native-1",
    "trace_type": "tool",
    "name": "Bash",
    "phase": "end",
    "call_id": "call-1",
    "prompt_number": 1,
    "step_order": 7,
    "source": "here",
    "agent_id": "a1",
    "agent_type": "Explore",
    "parent_agent_id": "a0",
    "cwd": "/home/ann",
    "model": "opus",
    "status": "ok",
    "input": {"command": "ls -l", "timeout": 5},
    "output": {"stdout": "a\nb", "stderr": ""},
    "error": ["no", {"such": "thing"}],
    "input_summary": "ls",
    "output_summary": "two files",
    "started_at": "2026-11-22T10:11:12.123Z",
    "ended_at": 1_795_356_000_000,
    "duration_ms": 12.5,
    "event_id": "native-event-1",
    "sent_at": 1_795_356_000_000,
    "agent_pid": 4711,
    "ack": True,
}
_LIFE = {
    "v": 1,
    "agent": "custom",
    "session_id": "native-1",
    "lifecycle": "prompt",
    "prompt": "list the files",
    "cwd": "/home/ann",
    "model": "opus",
    "reason": "done",
    "event_id": "life-event-1",
    "sent_at": 1_795_356_000_000,
    "agent_pid": 4711,
}
_WHOSE = {"agent": "custom", "session_id": "native-1", "used_at": 1_795_356_000_000}
_ROWS = (
    {"kind": "session", **_WHOSE, "cwd": "/home/ann", "model": "opus", "end_reason": "exit"},
    {"kind": "prompt", **_WHOSE, "prompt_number": 1, "prompt_id": "p1", "summary": "list",
     "input_tokens": 5, "started_at": 1_795_356_000_000},
    {"kind": "agent", **_WHOSE, "agent_id": "a1", "status": "ok", "prompt_number": 1},
    {"kind": "step", **_WHOSE, "prompt_number": 1, "prompt_id": "p1", "step_order": 3,
     "trace_type": "tool", "name": "Bash", "status": "denied", "call_id": "call-2",
     "input_summary": "ls", "error": "no", "ended_at": 1_795_356_000_000, "duration_ms": 12.5,
     "permission_wait_ms": 3.0, "created_at": 1_795_356_000_000, "peer_uid": 7},
)  # fmt: skip
_FEW = ("v", "session_id", "trace_type", "name", "input", "output")


def payloads() -> Iterator[tuple[str, bytes]]:
    """Yield each agent with an adapter and each payload of its that is recorded or constructed."""
    for agent in ADAPTERS:
        for path in sorted((FIXTURES / agent).glob("*/*.jsonl")):
            if not path.name.endswith(".meta.jsonl"):
                for line in path.read_bytes().split(b"\n"):
                    if 0 < len(line) <= LINE_BYTES_MAX:
                        yield agent, line


def honest_lines() -> list[bytes]:
    """Return all of them, without their newlines."""
    natives = [_NATIVE | {"phase": phase} for phase in ("start", "end", None)]
    natives.append({key: _NATIVE[key] for key in _FEW})
    lives = [
        _LIFE | {"lifecycle": word}
        for word in ("session_start", "prompt", "prompt_end", "session_end")
    ]
    rows = [{"v": 1, "ack": True, "row": row} for row in _ROWS]
    rows.append({**rows[-1], "input": {"command": "ls"}, "output": ["a"]})
    controls = [{"v": 1, "control": word} for word in ("ping", "flush", "status", "reboot")]
    lines = [json.dumps(line).encode() for line in (*natives * 8, *lives * 4, *rows * 4, *controls)]
    for number, (agent, payload) in enumerate(payloads()):
        lines += (payload, envelope(payload, f"e{number}", 1_795_356_000_000, agent))
    return lines
