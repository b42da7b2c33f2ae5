"""
The sessions that the soak tells, and what must be in the database after each.

Law: a story is drawn from a seed, is new to the daemon, and knows its steps without asking it.
"""

import json
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from support.recorded import envelope, scenarios

# A line that does not parse is answered only if it begins so.
UNPARSABLE = b'{"v":1,"session_id":"'
UNPARSABLE_ACKED = b'{"v":1,"ack":true,"session_id":"'
STEPS = (5, 100)  # of a session: short-lived and many, as in real life
ACKED_SHARE = 0.7
RECORDED_SHARE = 0.25
ORPHAN_SHARE = 0.02  # calls whose end is never told


class Line(NamedTuple):
    """One line, and the step that it makes or ends: a call id or an event id, or none."""

    body: bytes
    step: str | None
    taken: bool = True


class Story(NamedTuple):
    """One session: its lines, the steps they make, and whether each line asks for an ack."""

    agent: str
    session_id: str
    lines: list[Line]
    steps: list[str]
    acked: bool


class Recorded(NamedTuple):
    """A recorded session of Claude Code whose steps all have call ids."""

    session_id: bytes
    payloads: list[bytes]
    steps: list[str]


def recorded() -> list[Recorded]:
    """Return the recorded sessions that can be told again under another session id."""
    found = []
    for scenario in scenarios():
        expected = scenario.expected
        calls = [step["call_id"] for each in expected.values() for step in each["steps"]]
        if len(expected) == 1 and calls and None not in calls and "/big" not in scenario.name:
            found.append(Recorded(next(iter(expected)).encode(), scenario.payloads, calls))
    return found


class Teller:
    """An endless supply of stories, each under a session id of its own."""

    def __init__(self, name: str, chance: Random) -> None:
        self._name = name
        self._chance = chance
        self._recorded = recorded()
        self._told = 0

    def story(self, *, now: int, acked: bool | None = None, steps: int | None = None) -> Story:
        """Return the next story; what is not asked for is drawn by lot; `now` is Unix ms."""
        self._told += 1
        acked = self._chance.random() < ACKED_SHARE if acked is None else acked
        if steps is None and self._chance.random() < RECORDED_SHARE:
            return self._replayed(acked=acked, now=now)
        session_id = f"{self._name}-{self._told}"
        count = self._chance.randint(*STEPS) if steps is None else steps
        lines = list(self._native(session_id, count, acked=acked))
        made = {line.step for line in lines if line.step is not None}
        return Story("custom", session_id, lines, sorted(made), acked)

    def payloads(self) -> tuple[Story, list[bytes]]:
        """Return a recorded story and its bare payloads, for the hook client."""
        self._told += 1
        story = self._replayed(acked=False, now=0)
        return story, [line.body for line in story.lines]

    def _replayed(self, *, acked: bool, now: int) -> Story:
        session_id = f"{self._name}-{self._told}"
        what = self._chance.choice(self._recorded)
        lines = []
        for number, payload in enumerate(what.payloads):
            body = payload.replace(what.session_id, session_id.encode())
            if now:
                body = envelope(body, f"{session_id}-{number}", now + number)
                body = body.replace(b'{"v": 1,', b'{"v":1,"ack":true,', 1) if acked else body
            lines.append(Line(body, None))
        return Story("claude-code", session_id, lines, sorted(what.steps), acked)

    def _native(self, session_id: str, steps: int, *, acked: bool) -> Iterator[Line]:
        head: dict[str, Any] = {"v": 1, "ack": True} if acked else {"v": 1}
        head |= {"session_id": session_id}
        yield _line(head, "begin", lifecycle="session_start", cwd="/srv")
        yield _line(head, "prompt", lifecycle="prompt", prompt="look, change, and look again")
        for number in range(steps):
            yield from self._step(head, f"{session_id}-{number}")
        yield _line(head, "end", lifecycle="session_end", reason="exit")

    def _step(self, head: dict[str, Any], name: str) -> Iterator[Line]:
        call = {"trace_type": "tool", "name": self._chance.choice(["Bash", "Read", "Edit"])}
        lot = self._chance.random()
        if lot < 0.01:
            yield Line(UNPARSABLE_ACKED if "ack" in head else UNPARSABLE, None, taken=False)
        elif lot < 0.02:
            yield _line(head, name, **call, duration_ms=-1)._replace(taken=False)
        elif lot < 0.5:
            yield _line(head, name, name, **call, input={"command": "ls " * 20}, output="a\nb")
        else:
            yield _line(head, f"{name}-start", name, **call, phase="start", call_id=name)
            if lot > 0.5 + ORPHAN_SHARE:
                yield _line(head, f"{name}-end", name, **call, phase="end", call_id=name)


def _line(head: dict[str, Any], event_id: str, step: str | None = None, **keys: Any) -> Line:
    return Line(json.dumps(head | {"event_id": event_id} | keys).encode(), step)
