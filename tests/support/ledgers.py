"""A ledger of one session, to which tests tell what happened."""

from itertools import permutations
from typing import Any

from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Change,
    Event,
    PermissionAsked,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)
from traced.core.ledger.apply import apply
from traced.core.ledger.batch import Batch
from traced.core.ledger.session import SessionState, SubAgentState
from traced.core.ledger.step import StepState

Told = tuple[int, Change]
NOW = 1_800_000_000_000
KEY = 77


class Ledger:
    """One session in one batch, until `next_batch` opens another page."""

    def __init__(self) -> None:
        self.session = SessionState(1, "claude-code", "s1", -1)
        self.batch = Batch(0, NOW)

    def tell(self, at: int, *changes: Change, **said: Any) -> int | None:
        """Apply one event that happened at `at`; return the order that its sender is told."""
        event = Event(agent="claude-code", session_id="s1", at=at, changes=changes, **said)
        return apply(self.batch, self.session, event)

    def next_batch(self) -> None:
        """End the batch as the store does after its commit."""
        self.session.is_new = False
        self.session.orders_taken.clear()
        self.batch = Batch(self.batch.sequence, NOW + 1)

    def step(self, call_id: str = "c1") -> StepState:
        """Return the step of a call."""
        return self.session.calls[call_id]

    def sub_agent(self, agent_id: str) -> SubAgentState:
        """Return a sub-agent."""
        return self.session.sub_agents[agent_id]


def record(told: tuple[Told, ...]) -> Ledger:
    """Return a ledger to which events of these times were told in this order."""
    ledger = Ledger()
    for at, change in told:
        ledger.tell(at, change)
    return ledger


def every_order(*told: Told) -> list[tuple[Told, ...]]:
    """Return the same events in all orders in which they may be told."""
    return list(permutations(told))


def start(at: int, call_id: str = "c1", **said: Any) -> StepChange:
    """What a PreToolUse at `at` says of a call."""
    return _call(Phase.START, call_id, {"started_at": at, "match_key": KEY, **said})


def end(at: int, call_id: str | None = "c1", **said: Any) -> StepChange:
    """What a PostToolUse at `at` says of a call."""
    return _call(Phase.END, call_id, {"ended_at": at, "status": "ok", **said})


def batch_entry(at: int, call_id: str = "c1", **said: Any) -> StepChange:
    """What a PostToolBatch at `at` says of a call."""
    return _call(Phase.BATCH, call_id, {"ended_at": at, **said})


def denied(at: int, call_id: str = "c1", **said: Any) -> StepChange:
    """What a PermissionDenied at `at` says of a call."""
    return _call(Phase.DENIED, call_id, {"ended_at": at, **said})


def asked(match_key: int = KEY) -> PermissionAsked:
    """A PermissionRequest."""
    return PermissionAsked(match_key)


def prompt(prompt_id: str | None = None, summary: str = "Do it.") -> PromptSubmitted:
    """A prompt of the user."""
    return PromptSubmitted(prompt_id, "user", summary)


def stop(prompt_id: str | None = None) -> PromptEnded:
    """A Stop."""
    return PromptEnded(prompt_id)


def agent_start(agent_id: str = "a1", prompt_id: str | None = None) -> AgentStarted:
    """A SubagentStart."""
    return AgentStarted(agent_id, "explorer", prompt_id)


def agent_stop(agent_id: str = "a1") -> AgentEnded:
    """A SubagentStop."""
    return AgentEnded(agent_id, "explorer")


def agent_failure(agent_id: str = "a1") -> AgentEnded:
    """A StopFailure inside a sub-agent."""
    return AgentEnded(agent_id, "explorer", failed=True)


def session_start(*, continues: bool = False) -> SessionStarted:
    """A SessionStart; one that continues is a compaction."""
    return SessionStarted(continues)


def session_end(reason: str = "other") -> SessionEnded:
    """A SessionEnd."""
    return SessionEnded(reason)


def _call(phase: Phase, call_id: str | None, said: dict[str, Any]) -> StepChange:
    return StepChange(
        **{"phase": phase, "trace_type": "tool", "name": "Bash", "call_id": call_id, **said}
    )
