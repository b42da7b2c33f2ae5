"""Recorded sessions of real agents: payloads, when each arrived, and what they must become."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FIXTURES = Path(__file__).parent.parent / "fixtures"


class Scenario(NamedTuple):
    """One recorded or constructed session file."""

    path: Path

    @property
    def name(self) -> str:
        """Its agent's version and what happens in it."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def payloads(self) -> list[bytes]:
        """The payloads as the agent wrote them, in the order in which the hooks started."""
        return [line for line in self.path.read_bytes().split(b"\n") if line]

    @property
    def expected(self) -> dict[str, Any]:
        """What was written down by hand: sessions by their id."""
        text = self.path.with_suffix(".expected.json").read_text(encoding="utf-8")
        sessions: dict[str, Any] = json.loads(text)["sessions"]
        return sessions

    @property
    def times(self) -> list[tuple[int, int]]:
        """Start and end of each hook process in Unix ms; a second apart where not recorded."""
        meta = self.path.with_suffix(".meta.jsonl")
        if not meta.exists():
            start = 1_795_356_000_000
            return [(start + 1000 * n, start + 1000 * n + 5) for n in range(len(self.payloads))]
        rows = [json.loads(line) for line in meta.read_text().splitlines()]
        return [(row["t_start_ns"] // 1_000_000, row["t_end_ns"] // 1_000_000) for row in rows]

    def envelopes(self) -> list[bytes]:
        """The payloads as the hook client sends them, without asking for an ack."""
        return [
            envelope(payload, f"{self.path.stem}-{number}", started)
            for number, (payload, (started, _)) in enumerate(
                zip(self.payloads, self.times, strict=True)
            )
        ]

    def overlapping_order(self, seed: int) -> list[int]:
        """A random order in which hooks could have arrived: those that overlap change places."""
        chance = random.Random(seed)
        times = self.times
        arrivals = [chance.uniform(start, end) for start, end in times]
        return sorted(range(len(times)), key=lambda number: (arrivals[number], number))


def envelope(payload: bytes, event_id: str, sent_at: int, agent: str = "claude-code") -> bytes:
    """Return one payload in the hook client's envelope."""
    head = json.dumps({"v": 1, "agent": agent, "event_id": event_id, "sent_at": sent_at})
    return head[:-1].encode() + b', "payload":' + payload + b"}"


def scenarios(agent: str = "claude-code") -> Iterator[Scenario]:
    """All recorded and constructed sessions of an agent."""
    for expected in sorted((FIXTURES / agent).glob("*/*.expected.json")):
        yield Scenario(expected.with_name(expected.name.replace(".expected.json", ".jsonl")))


def twice(lines: Sequence[bytes]) -> list[bytes]:
    """Each line, and at once again."""
    return [line for line in lines for _ in range(2)]
