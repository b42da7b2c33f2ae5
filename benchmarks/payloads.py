"""
Recorded hook payloads in envelopes, as the hook client sends them: many sessions at once.

Law: each copy of a recorded session has ids of its own, so that nothing is a duplicate; the order
within a session is that of the recording.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

RECORDED = Path("tests") / "fixtures" / "claude-code" / "2.1.330"
SCENARIOS = ("basic-tools", "parallel-tools", "subagent", "mcp", "skill", "multi-prompt", "failure")
SESSIONS_AT_ONCE = 200
_CALL_ID = re.compile(rb'"(toolu_[A-Za-z0-9_]+|call_[A-Za-z0-9_]+)"')


def envelope_lines(count: int) -> Iterator[bytes]:
    """Yield `count` envelopes, each a line with its newline."""
    recordings = [_recorded(name) for name in SCENARIOS]
    number = 0
    playing: list[Iterator[bytes]] = []

    def envelopes() -> Iterator[bytes]:
        nonlocal number
        while True:
            while len(playing) < SESSIONS_AT_ONCE:
                playing.append(_copy(recordings[number % len(recordings)], number))
                number += 1
            for session in tuple(playing):
                line = next(session, None)
                if line is None:
                    playing.remove(session)
                else:
                    yield line

    return islice(envelopes(), count)


def _recorded(name: str) -> list[bytes]:
    return (RECORDED / f"{name}.jsonl").read_bytes().splitlines()


def _copy(lines: list[bytes], number: int) -> Iterator[bytes]:
    suffix = f"-{number:07d}".encode()
    for position, line in enumerate(lines):
        session_id = json.loads(line)["session_id"].encode()
        payload = _CALL_ID.sub(rb'"\1%b"' % suffix, line.replace(session_id, session_id + suffix))
        yield b'{"v":1,"agent":"claude-code","event_id":"%b-%d","sent_at":%d,"payload":%b}\n' % (
            suffix[1:],
            position,
            1_790_000_000_000 + number * 50 + position * 10,
            payload,
        )
