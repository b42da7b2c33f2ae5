"""
What the public rows must be, worked out from SPEC section 4 alone.

Law: nothing is merged as it comes. The model keeps what it was told, with what was current then;
every row is worked out anew from that set. No memory that could be lost, no batches, no SQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from support.told import Key, Part, Told

Row = dict[str, Any]
Answer = tuple[str, int | None]

PLAIN = {"start": 1, "batch": 2, "denied": 3, "end": 4}
# What a batch gave back as a result repeats what the others know better.
RESULT = PLAIN | {"batch": 1, "start": 2}
SILENCE_MS_MAX = 24 * 60 * 60 * 1000
# Where a call belongs was true when it began.
PROMPT = {"batch": 1, "denied": 1, "end": 2, "start": 3}
SEVERITY = {"ok": 0, "cancelled": 1, "denied": 2, "error": 3}


class Heard(NamedTuple):
    """A part of an event with its time, its place in the telling and the prompt current then."""

    part: Part
    at: int
    place: int
    current: int


@dataclass
class Step:
    """One call: all that was heard of it, in the order of telling."""

    order: int
    event_id: str | None
    created: int
    heard: list[Heard]

    def get(self, name: str, ranks: dict[str, int] = PLAIN) -> Any:
        """Return what the strongest that spoke of a column said, of equals the lowest."""
        said = [each.part for each in self.heard if name in each.part.said]
        strongest = max((ranks[part.phase] for part in said), default=0)
        return min(
            (part.said[name] for part in said if ranks[part.phase] == strongest), default=None
        )

    def result(self, name: str) -> Any:
        """Return a column of the result, of which a batch says nothing once the end is known."""
        if self.of("end") and all(
            each.part.phase == "batch" for each in self.heard if name in each.part.said
        ):
            return None
        return self.get(name, RESULT)

    def of(self, phase: str) -> list[Part]:
        """Return what events of one phase said."""
        return [each.part for each in self.heard if each.part.phase == phase]

    @property
    def call_id(self) -> str | None:
        """The call's id."""
        return self.heard[0].part.call_id

    @property
    def began(self) -> int:
        """When it began, as far as is known."""
        return int(self.get("started_at") or self.get("ended_at") or 0)


class Session:
    """One session: what took effect, in the order of telling."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.told: list[tuple[Told, int, int]] = []  # with what was current, and the daemon's time
        self.steps: dict[object, Step] = {}
        self.numbers: dict[str | int, int] = {}  # of a prompt by its id, else by itself
        self.numbered: dict[str | int | None, int] = {}  # at which place in the telling
        self.seen: dict[str, int | None] = {}

    @property
    def current(self) -> int:
        """The latest prompt."""
        return max(self.numbers.values(), default=0)

    def tell(self, told: Told, now: int) -> Answer:
        """Take one event; return what its sender is to be told."""
        if told.event_id is not None and told.event_id in self.seen:
            return "duplicate", self.seen[told.event_id]
        if any(self._order_is_taken(part) for part in told.parts):
            return "rejected", None
        if told.kind == "prompt":
            self._give_number(told.prompt_id or self.current + 1)
        orders = {self._hear(told, part, now) for part in told.parts}
        self.told.append((told, self.current, now))
        if told.kind == "asked":
            shares = self.shares(told.asks_as)
            orders = {step.order for step, at in shares if at == told.at}
        order = orders.pop() if len(orders) == 1 else None
        if told.event_id is not None:
            self.seen[told.event_id] = order
        return "stored", order

    def _order_is_taken(self, part: Part) -> bool:
        if part.step_order is None:
            return False
        if part.call_id is not None and part.call_id in self.steps:
            return False
        return any(each.order == part.step_order for each in self.steps.values())

    def _hear(self, told: Told, part: Part, now: int) -> int:
        if part.prompt_number:
            self._give_number(part.prompt_number, part.prompt_number)
        elif part.prompt_id is not None and part.said.get("agent_id") is None:
            self._give_number(part.prompt_id)
        key = object() if part.call_id is None else part.call_id
        if key not in self.steps:
            order = part.step_order
            if order is None:
                order = max((step.order for step in self.steps.values()), default=0) + 1
            self.steps[key] = Step(order, told.event_id, now, [])
        step = self.steps[key]
        step.heard.append(Heard(part, told.at, len(self.told), self.current))
        return step.order

    def _give_number(self, key: str | int, number: int | None = None) -> None:
        if key not in self.numbers:
            self.numbers[key] = number or self.current + 1
            self.numbered[key] = len(self.told)

    def all(self, *kinds: str) -> list[Told]:
        """Return the events of some kinds."""
        return [told for told, _, _ in self.told if told.kind in kinds]

    # Prompts (law 5)

    def prompt_of(self, step: Step) -> int:
        """Return the prompt of a step: named, else its sub-agent's, else by ids, else current."""
        named = [each.part for each in step.heard if each.part.prompt_number is not None]
        if named:
            top = max(PLAIN[part.phase] for part in named)
            return min(part.prompt_number or 0 for part in named if PLAIN[part.phase] == top)
        agent_id = step.get("agent_id")
        if agent_id is not None:
            return self.prompt_of_agent(agent_id) or 0
        by_id = [each for each in step.heard if each.part.prompt_id is not None]
        if by_id:
            top = max(PROMPT[each.part.phase] for each in by_id)
            best = [each for each in by_id if PROMPT[each.part.phase] == top]
            return min(self.numbers[each.part.prompt_id or ""] for each in best)
        return min(each.current for each in step.heard)

    def launcher(self, agent_id: str) -> Step | None:
        """Return the call that launched a sub-agent: the earliest that names it."""
        calls = [step for step in self.steps.values() if step.get("child_agent_id") == agent_id]
        return min(calls, key=lambda step: (step.began, step.order), default=None)

    def prompt_of_agent(self, agent_id: str) -> int | None:
        """Return a sub-agent's prompt: its call's, else its start's, else its steps' earliest."""
        launcher = self.launcher(agent_id)
        if launcher is not None:
            return self.prompt_of(launcher)
        starts = [
            (t, now) for t, now, _ in self.told if t.kind == "agent_start" and t.who == agent_id
        ]
        if starts:
            with_id = [each for each in starts if each[0].prompt_id is not None]
            first, current = min(with_id, key=lambda each: each[0].at) if with_id else starts[0]
            return self.numbers.get(first.prompt_id or "", current)
        witness = None
        for each in self.heard_of(agent_id):  # of its steps that of the earliest prompt known then
            number, held = self._number_then(each, each), self._number_then(witness, each)
            if witness is None or (number is not None and (held is None or number < held)):
                witness = each
        if witness is None:
            return None
        return self.numbers.get(witness.part.prompt_id or "", witness.current)

    def _number_then(self, witness: Heard | None, then: Heard) -> int | None:
        prompt_id = None if witness is None else witness.part.prompt_id
        if prompt_id is None or self.numbered.get(prompt_id, then.place) >= then.place:
            return None
        return self.numbers[prompt_id]

    def heard_of(self, agent_id: str) -> list[Heard]:
        """Return what was told of a sub-agent's own steps, in the order of telling."""
        heard = [each for step in self.steps.values() for each in step.heard]
        of_agent = [each for each in heard if each.part.said.get("agent_id") == agent_id]
        return sorted(of_agent, key=lambda each: each.place)

    def sights(self, agent_id: str) -> list[Heard]:
        """Return what was told of its steps, and what named it as launched."""
        heard = [each for step in self.steps.values() for each in step.heard]
        names = ("agent_id", "child_agent_id")
        return [each for each in heard if agent_id in map(each.part.said.get, names)]

    # What is over (law 4)

    def status(self, step: Step) -> str:
        """Return what is known of how a step ended."""
        if ends := step.of("end"):
            return max((part.status or "ok" for part in ends), key=SEVERITY.__getitem__)
        if step.of("denied"):
            return "denied"
        if batches := step.of("batch"):
            if any(part.status == "error" for part in batches):
                return "error"
            return "denied" if step.of("start") else "ok"
        over = any(point > step.began for point in self._points(step))
        return "unknown" if over else "running"

    def ends_of_all(self) -> list[int]:
        """Return the points that close whatever the session runs."""
        return [told.at for told in self.all("opened", "ended", "lost")]

    def _points(self, step: Step) -> Iterator[int]:
        yield from self.ends_of_all()
        if step.get("agent_id") is not None:
            return
        number = self.prompt_of(step)
        for told in self.all("stop"):
            if told.prompt_id is None or self.numbers.get(told.prompt_id) == number:
                yield told.at
        for prompt_id, other in self.numbers.items():
            begins = [told.at for told in self.all("prompt") if told.prompt_id == prompt_id]
            if begins and other != number:
                yield min(begins)  # what is typed later is no new turn

    def is_left(self, now: int, nobody: int) -> bool:
        """Return whether the agent is gone (`nobody`) or was silent for a day."""
        opened, pid, heard = 0, None, 0
        for told, _, at in self.told:
            if told.kind in {"opened", "compacted", "prompt"}:
                opened = max(opened, told.at)
            if told.pid is not None and told.at >= opened:
                pid = told.pid  # not that of the process before a resumption
            heard = heard if told.kind == "lost" else at
        return pid == nobody or now - heard > SILENCE_MS_MAX

    # Permission requests

    def shares(self, asks_as: str | None) -> list[tuple[Step, int]]:
        """Return whose each request is: the oldest call's that ran then and had none."""
        calls = [
            step
            for step in self.steps.values()
            if any(part.asks_as == asks_as for part in step.of("start"))
        ]
        calls.sort(key=lambda step: (step.began, step.order))
        shares: list[tuple[Step, int]] = []
        for at in sorted({told.at for told in self.all("asked") if told.asks_as == asks_as}):
            for step in calls:
                if all(step is not other for other, _ in shares) and self._ran(step, at):
                    shares.append((step, at))
                    break
        return shares

    def _ran(self, step: Step, at: int) -> bool:
        running = self.status(step) == "running"
        ended_at = step.get("ended_at")
        return step.began <= at and (running or (ended_at is not None and at <= ended_at))


def shown(at: int | None) -> str | None:
    """Return a time as the public views show it."""
    if at is None:
        return None
    told = datetime.fromtimestamp(at / 1000, UTC)
    return f"{told:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"
