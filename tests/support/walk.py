"""A random walk through what agents may tell: every kind of event, late, twice and out of order."""

from collections import Counter
from random import Random

from support.store import NOW
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Change,
    Event,
    ModelChanged,
    PermissionAsked,
    Phase,
    PromptEnded,
    PromptSource,
    PromptSubmitted,
    RunningLost,
    SessionEnded,
    SessionStarted,
    StepChange,
)


class Walk:
    """Events of a few sessions, each at the next second or, now and then, told too late."""

    def __init__(self, seed: int, sessions: int = 3) -> None:
        self.random = Random(seed)
        self._sessions = [f"session-{number}" for number in range(sessions)]
        self._told: list[Event] = []
        self._at = NOW
        self._names: Counter[str] = Counter()

    def event(self) -> Event:
        """Return what is told next."""
        if self._told and self.random.random() < 0.08:
            return self.random.choice(self._told[-50:])
        self._at += 1000
        late = self.random.randrange(60_000) if self.random.random() < 0.15 else 0
        change = self._change(self._at - late)
        # Which calls a late request may still belong to is bounded by what is in memory.
        at = self._at if isinstance(change, PermissionAsked) else self._at - late
        event = Event(
            "custom",
            self.random.choice(self._sessions),
            at,
            (change,),
            event_id=self._name("event") if self.random.random() < 0.7 else None,
            cwd=self.random.choice([None, "/srv"]),
            model=self.random.choice([None, "opus"]),
        )
        self._told.append(event)
        return event

    def _name(self, kind: str) -> str:
        self._names[kind] += 1
        return f"{kind}-{self._names[kind]}"

    def _known(self, kind: str, new: float = 0.5) -> str:
        """Return a new name, or mostly one of the few that went before."""
        names = self._names[kind]
        if self.random.random() < new or names == 0:
            return self._name(kind)
        back = min(names, self.random.choice([3, 10, 1000]))
        return f"{kind}-{names - self.random.randrange(back)}"

    def _maybe(self, kind: str, likely: float = 0.3) -> str | None:
        return self._known(kind) if self.random.random() < likely else None

    def _change(self, at: int) -> Change:
        choice = self.random.random()
        if choice < 0.6:
            return self._step(at)
        if choice < 0.75:
            sources: list[PromptSource] = ["user", "user", "agent"]
            source = self.random.choice(sources)
            return PromptSubmitted(self._maybe("prompt", 0.7), source, f"do {at}")
        agent_id = self._known("agent")
        others: list[Change] = [
            PromptEnded(self._maybe("prompt", 0.7)),
            PermissionAsked(self.random.randrange(4)),
            AgentStarted(agent_id, self.random.choice([None, "explore"]), self._maybe("prompt")),
            AgentEnded(agent_id, None),
            SessionStarted(continues=self.random.random() < 0.5),
            SessionEnded(self.random.choice([None, "exit"])),
            ModelChanged(),
            RunningLost(),
        ]
        return self.random.choices(others, weights=[6, 6, 4, 3, 2, 1, 1, 1])[0]

    def _step(self, at: int) -> StepChange:
        phase = self.random.choices(list(Phase), weights=[5, 1, 1, 5])[0]
        call_id = self._known("call", 0.4) if phase is not Phase.END else self._maybe("call", 0.7)
        change = StepChange(
            phase,
            self.random.choice(["tool", "agent"]),
            self.random.choice(["Bash", "Read"]),
            call_id,
            agent_id=self._maybe("agent", 0.25),
            child_agent_id=self._maybe("agent", 0.15),
            prompt_id=self._maybe("prompt", 0.5),
            input_summary=f"what {call_id} does",
            input=f'{{"call":"{call_id}"}}',
        )
        if self.random.random() < 0.1:
            change.prompt_number = self.random.randrange(12)
        if self.random.random() < 0.1:
            change.step_order = self.random.randrange(300)
        if phase is Phase.START:
            change.started_at = at
            change.match_key = self.random.randrange(4)
        elif phase is Phase.BATCH:
            change.status = self.random.choice(["error", None])
            change.output_summary = f"given for {call_id}"
        else:
            change.ended_at = at
            change.duration_ms = self.random.choice([None, 0.0, 12.5])
            change.output = f'"told of {call_id}"'
            if phase is Phase.END:
                change.status = self.random.choice(["ok", "error", "cancelled"])
        return change
