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

    @property
    def agent(self) -> str:
        """Whose session it is."""
        return self.path.parent.parent.name

    @property
    def is_bare(self) -> bool:
        """Whether each payload names its event, so that it can be sent as it is."""
        return all(b'"hook_event_name"' in payload for payload in self.payloads)

    @property
    def events(self) -> list[str | None]:
        """What an envelope has to say of the events, where the payloads do not."""
        meta = self.path.with_suffix(".meta.jsonl")
        if not meta.exists():
            return [None] * len(self.payloads)
        return [json.loads(line).get("event") for line in meta.read_text().splitlines()]

    def lines(self) -> list[bytes]:
        """The payloads as they are, or where they must have one, in envelopes without an id."""
        return self.payloads if self.is_bare else self._enveloped(None)

    def envelopes(self) -> list[bytes]:
        """The payloads as the hook client sends them, without asking for an ack."""
        return self._enveloped(self.path.stem)

    def _enveloped(self, ids: str | None) -> list[bytes]:
        # Marks beat what an envelope says; whose payloads have none must be named by it.
        agent = "claude-code" if self.is_bare else self.agent
        return [
            envelope(payload, ids and f"{ids}-{number}", started, agent, event)
            for number, (payload, (started, _), event) in enumerate(
                zip(self.payloads, self.times, self.events, strict=True)
            )
        ]

    def overlapping_order(self, seed: int) -> list[int]:
        """A random order in which hooks could have arrived: those that overlap change places."""
        chance = random.Random(seed)
        times = self.times
        arrivals = [chance.uniform(start, end) for start, end in times]
        return sorted(range(len(times)), key=lambda number: (arrivals[number], number))


def envelope(
    payload: bytes,
    event_id: str | None,
    sent_at: int,
    agent: str = "claude-code",
    event: str | None = None,
) -> bytes:
    """Return one payload in the hook client's envelope."""
    said = {"v": 1, "agent": agent, "event_id": event_id, "event": event, "sent_at": sent_at}
    head = json.dumps({key: value for key, value in said.items() if value is not None})
    return head[:-1].encode() + b', "payload":' + payload + b"}"


def scenarios(agent: str = "claude-code") -> Iterator[Scenario]:
    """All recorded and constructed sessions of an agent."""
    for expected in sorted((FIXTURES / agent).glob("*/*.expected.json")):
        yield Scenario(expected.with_name(expected.name.replace(".expected.json", ".jsonl")))


def twice(lines: Sequence[bytes]) -> list[bytes]:
    """Each line, and at once again."""
    return [line for line in lines for _ in range(2)]
