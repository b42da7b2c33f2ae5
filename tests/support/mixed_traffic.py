"""
Endless traffic of several kinds, each line asking for an ack, and the steps that it must become.

`call_of` is filled with the call id of each event that makes or changes one step, None for a whole
one.
"""

import json
import random
from collections.abc import Iterator
from itertools import count

from support.daemon import Row
from support.recorded import Scenario, envelope
from support.resending import Line

SHARED_SESSIONS = 5
EXPLICIT_BLOCK = 12


class Alone:
    """
    One client's own sessions: prompts, calls, a sub-agent; ended, and some of them resumed.

    `steps` is what each step of a session must say, in its order; `is_open` and `prompts` what
    the session itself must.
    """

    def __init__(self, client: str, call_of: dict[str, str | None]) -> None:
        self.steps: dict[str, list[Row]] = {}
        self.is_open: dict[str, bool] = {}
        self.prompts: dict[str, int] = {}
        self._call_of = call_of
        self._client = client
        self._events = count(1)

    def lines(self) -> Iterator[Line]:
        """Make one session after the other."""
        for number in count(1):
            session_id = f"{self._client}-{number}"
            self.steps[session_id] = []
            self.prompts[session_id] = 0
            yield self._life(session_id, "session_start")
            yield from self._turn(session_id)
            yield from self._turn(session_id)
            yield self._life(session_id, "session_end")
            if number % 2:
                yield self._life(session_id, "session_start")
                yield from self._turn(session_id)

    def _turn(self, session_id: str) -> Iterator[Line]:
        yield self._life(session_id, "prompt")
        # Calls that overlap, one of them a sub-agent with a call of its own.
        yield self._step(session_id, "tool", "first", phase="start")
        yield self._step(session_id, "agent", "agent", phase="start")
        yield self._step(session_id, "mcp", "inner", phase="start", agent_id="a")
        yield self._step(session_id, "tool", "first", phase="end")
        yield self._step(session_id, "skill", None)
        yield self._step(session_id, "mcp", "inner", phase="end", agent_id="a", status="denied")
        yield self._step(session_id, "agent", "agent", phase="end", status="error")
        yield self._life(session_id, "prompt_end")

    def _life(self, session_id: str, lifecycle: str) -> Line:
        self.is_open[session_id] = lifecycle != "session_end"
        self.prompts[session_id] += lifecycle == "prompt"
        return self._line({"session_id": session_id, "lifecycle": lifecycle})

    def _step(self, session_id: str, trace_type: str, call: str | None, **more: str) -> Line:
        prompt = self.prompts[session_id]
        call_id = None if call is None else f"{call}-{prompt}"
        event: Row = {"session_id": session_id, "trace_type": trace_type, "name": "x", **more}
        if call_id is not None:
            event["call_id"] = call_id
        if "agent_id" in more:  # nothing else tells the prompt of a sub-agent without a launch
            event["prompt_number"] = prompt
        line = self._line(event, call_id)
        steps = self.steps[session_id]
        if more.get("phase") != "end":
            row: Row = {"event_id": line.event_id, "trace_type": trace_type, "call_id": call_id}
            row |= {"agent_id": more.get("agent_id"), "prompt_number": prompt}
            steps.append(row | {"status": "ok" if call_id is None else "running"})
        else:
            step = next(step for step in steps if step["call_id"] == call_id)
            step["status"] = more.get("status", "ok")
        return line

    def _line(self, event: Row, call_id: str | None = None) -> Line:
        event_id = f"{self._client}-{next(self._events)}"
        if "trace_type" in event:
            self._call_of[event_id] = call_id
        return Line(event_id, _text(event, event_id))


def shared(client: str, call_of: dict[str, str | None]) -> Iterator[Line]:
    """Make whole steps, and calls that start and end, in sessions that others write in too."""
    for number in count(1):
        event: Row = {
            "session_id": f"shared-{number % SHARED_SESSIONS}",
            "trace_type": "tool",
            "name": "x",
        }
        steps: list[Row] = [event]
        if number % 3:
            called = event | {"call_id": f"{client}-{number}"}
            steps = [called | {"phase": "start"}, called | {"phase": "end"}]
        for step in steps:
            event_id = f"{client}-{number}-{step.get('phase')}"
            call_of[event_id] = step.get("call_id")
            yield Line(event_id, _text(step, event_id))


def explicit(client: str, seed: int, call_of: dict[str, str | None]) -> Iterator[Line]:
    """Make steps with orders of their own, mixed up, and after each block one without."""
    chance = random.Random(seed)
    for first in count(1, EXPLICIT_BLOCK + 1):
        orders: list[int | None] = list(range(first, first + EXPLICIT_BLOCK))
        chance.shuffle(orders)
        for order in [*orders, None]:
            # The event's id tells the order that it must get.
            event_id = f"{client}-{order or first + EXPLICIT_BLOCK}"
            event = {"session_id": client, "trace_type": "tool", "name": "x"}
            call_of[event_id] = None
            yield Line(event_id, _text(event | {"step_order": order}, event_id))


class Replay:
    """A recorded session played once more, under session ids of its own."""

    def __init__(self, scenario: Scenario, name: str) -> None:
        self.scenario = scenario
        self.name = name
        self.session_ids = {was: f"{name}:{was}" for was in scenario.expected}

    @property
    def event_ids(self) -> list[str]:
        """The ids of its lines."""
        return [f"{self.name}-{number}" for number in range(len(self.scenario.payloads))]

    def renamed(self, text: bytes) -> bytes:
        """Put this play's session ids into a payload."""
        for was, now in self.session_ids.items():
            text = text.replace(was.encode(), now.encode())
        return text

    def lines(self) -> Iterator[Line]:
        """Make the envelopes of the hook client."""
        scenario = self.scenario
        each = zip(self.event_ids, scenario.payloads, scenario.times, strict=True)
        for event_id, payload, (started, _) in each:
            text = envelope(self.renamed(payload), event_id, started)
            yield Line(event_id, text.replace(b'{"v": 1', b'{"v": 1, "ack": true', 1))


def _text(event: Row, event_id: str) -> bytes:
    return json.dumps({"v": 1, "ack": True, "event_id": event_id, **event}).encode()
