"""The laws of the ledger, held against sets of events in every order."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ledgers import (
    KEY,
    Ledger,
    agent_start,
    agent_stop,
    asked,
    batch_entry,
    denied,
    end,
    prompt,
    session_end,
    session_start,
    start,
    stop,
)

from traced.core.errors import OrderTaken
from traced.core.event import Change, ModelChanged, RunningLost, StepChange
from traced.core.ledger.step import StepState

# The rest of a row belongs to its first event, or to the ledger's own accounts.
SAME_IN_ANY_ORDER = [
    field
    for field in StepState.__struct_fields__
    if field
    not in {
        "id", "revision", "step_order", "created_at", "event_id", "peer_uid", "permission_at",
        "ranks", "match_key",
    }
]  # fmt: skip

Told = tuple[int, Change]

texts = st.sampled_from([None, "x", "y"])
prompt_ids = st.sampled_from(["p1", "p2"])
agent_ids = st.sampled_from([None, "a1", "a2"])


def words(agents: st.SearchStrategy[str | None]) -> dict[str, st.SearchStrategy[Any]]:
    """What any event of a call may say, whatever the others say."""
    return {
        "trace_type": st.sampled_from(["tool", "mcp"]),
        "name": st.sampled_from(["Bash", "Read"]),
        "source": texts,
        "agent_id": agents,
        "agent_type": texts,
        "parent_agent_id": texts,
        "input_summary": texts,
        "input": texts,
        "output_summary": texts,
        "output": texts,
        "error": texts,
        "duration_ms": st.sampled_from([None, 0, 2.5]),
        "prompt_number": st.sampled_from([None, None, 0, 1, 2]),
    }


def changes_of(kind: str, at: int, said: dict[str, Any]) -> Change:
    match kind:
        case "start":
            return start(at, **said)
        case "batch":
            return batch_entry(at, **said)
        case "denied":
            return denied(at, **said)
        case _:
            return end(at, **said)


@st.composite
def tellings_of_one_call(draw: st.DrawFn) -> list[Told]:
    """
    Events of the call c1 and of what may close or move it, each with its own time.

    Its starts agree on who calls and for which prompt: what they disagree on decides which points
    close it, and those may have been passed.
    """
    times = iter(draw(st.permutations(range(10, 40))))
    told: list[Told] = []
    caller = {"agent_id": draw(agent_ids), "prompt_id": draw(prompt_ids)}
    for _ in range(draw(st.integers(0, 2))):
        said = draw(st.fixed_dictionaries(words(st.none()))) | caller | {"prompt_number": None}
        at = next(times)
        told.append((at, changes_of("start", at, said)))
    for kind in draw(st.lists(st.sampled_from(["batch", "denied", "end", "end"]), max_size=3)):
        said = draw(st.fixed_dictionaries(words(agent_ids))) | {"prompt_id": draw(prompt_ids)}
        if kind == "batch":
            said["status"] = draw(st.sampled_from([None, "error"]))
        if kind == "end":
            said["status"] = draw(st.sampled_from(["ok", "error", "denied", "cancelled"]))
            said["started_at"] = draw(st.sampled_from([None, 5, 25]))
        at = next(times)
        told.append((at, changes_of(kind, at, said)))
    others: list[Change] = [
        asked(),
        session_start(),
        session_start(continues=True),
        session_end(),
        RunningLost(),
        stop("p1"),
        stop("p2"),
        agent_start("a1", draw(prompt_ids)),
        agent_start("a1", draw(prompt_ids)),
        agent_start("a2", draw(prompt_ids)),
        agent_stop("a1"),
        end(99, "c0", child_agent_id="a1", prompt_id=draw(prompt_ids)),
    ]
    for other in draw(st.lists(st.sampled_from([*others, others[0]]), max_size=5)):
        told.append((next(times), other))
    if draw(st.booleans()):
        told.append((next(times), prompt("p3")))
    return told


def record(told: list[Told]) -> Ledger:
    ledger = Ledger()
    ledger.tell(1, prompt("p1"))
    ledger.tell(2, prompt("p2"))
    for at, change in told:
        ledger.tell(at, change)
    return ledger


def row(ledger: Ledger, call_id: str = "c1") -> dict[str, Any] | None:
    step = ledger.session.calls.get(call_id)
    if step is None:
        return None
    shown = {field: getattr(step, field) for field in SAME_IN_ANY_ORDER}
    if step.ended_at is not None and step.status not in {"running", "unknown"}:
        shown["permission_at"] = step.permission_at  # else no wait follows from it
    return shown


@given(tellings_of_one_call(), st.randoms(use_true_random=False))
def test_order_of_events_of_one_call_does_not_matter(told: list[Told], chance: Any) -> None:
    """Law 2 and 4: the row depends on which events came, never on their order."""
    shuffled = list(told)
    chance.shuffle(shuffled)

    assert row(record(shuffled)) == row(record(told))


@given(tellings_of_one_call(), st.randoms(use_true_random=False))
def test_repeated_events_of_one_call_do_not_matter(told: list[Told], chance: Any) -> None:
    """Law 2: an event may come any number of times, at once or later."""
    twice = told + chance.sample(told, len(told))

    assert row(record(twice)) == row(record(told))
