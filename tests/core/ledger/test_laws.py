"""The laws of the ledger, held against sets of events in every order."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from support.ledgers import (
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

from traced.core.event import Change, RunningLost
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
    points: list[Change] = [
        session_start(),
        session_start(continues=True),
        session_end(),
        RunningLost(),
        stop("p1"),
        stop("p2"),
    ]
    relations: list[Change] = [
        agent_start("a1", draw(prompt_ids)),
        agent_start("a1", draw(prompt_ids)),
        agent_start("a2", draw(prompt_ids)),
        agent_stop("a1"),
        end(99, "c0", child_agent_id="a1", prompt_id=draw(prompt_ids)),
    ]
    others = [asked()] * draw(st.integers(0, 2))
    others += draw(st.lists(st.sampled_from(points), max_size=3))
    others += draw(st.lists(st.sampled_from(relations), max_size=2))
    told += [(next(times), other) for other in others]
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


# Who launches whom: the main thread a1 and a2, a1 launches a3, and that one a4.
CALLS = {
    "m1": (None, "a1"),
    "m2": (None, "a2"),
    "n1": ("a1", "a3"),
    "n2": ("a1", None),
    "n3": ("a2", None),
    "n4": ("a3", "a4"),
    "n5": ("a4", None),
}


@st.composite
def tellings_of_sub_agents(draw: st.DrawFn) -> list[Told]:
    """Starts and ends of calls of four sub-agents, some of them lost, and of the sub-agents."""
    times = iter(draw(st.permutations(range(10, 50))))
    told: list[Told] = []
    for call_id, (agent_id, child) in CALLS.items():
        said = {"agent_id": agent_id, "prompt_id": draw(prompt_ids)}
        if draw(st.booleans()):
            at = next(times)
            told.append((at, start(at, call_id, **said)))
        if draw(st.booleans()):
            at = next(times)
            said |= {"prompt_id": draw(prompt_ids)} if agent_id is not None else {}
            told.append((at, end(at, call_id, child_agent_id=child, **said)))
    agents = draw(st.lists(st.sampled_from(["a1", "a2", "a3", "a3", "a4"]), max_size=5))
    return told + [(next(times), agent_start(each, draw(prompt_ids))) for each in agents]


def rows(ledger: Ledger) -> dict[str, Any]:
    return {call_id: row(ledger, call_id) for call_id in sorted(ledger.session.calls)}


@given(tellings_of_sub_agents(), st.randoms(use_true_random=False))
def test_order_of_events_of_sub_agents_does_not_matter(told: list[Told], chance: Any) -> None:
    """Law 5: where ids decide, each step ends under the same prompt, whenever its link is told."""
    shuffled = list(told)
    chance.shuffle(shuffled)

    assert rows(record(shuffled)) == rows(record(told))


@given(tellings_of_sub_agents())
def test_steps_follow_the_call_that_launched_their_sub_agent(told: list[Told]) -> None:
    """Law 5: a sub-agent whose call is known has its steps where that call is."""
    session = record(told).session

    for call_id, (_, child) in CALLS.items():
        launcher = session.calls.get(call_id)
        if launcher is not None and launcher.child_agent_id is not None:
            assert session.sub_agents[launcher.child_agent_id].call_id == call_id
            launched = [step for step in session.calls.values() if step.agent_id == child]
            assert {step.prompt_number for step in launched} <= {launcher.prompt_number}


@given(st.lists(tellings_of_one_call() | tellings_of_sub_agents(), max_size=3))
def test_orders_are_one_to_n(tellings: list[list[Told]]) -> None:
    """Law 1: whatever comes, the step orders of a session are 1..n, in the order of recording."""
    ledger = record([one for told in tellings for one in told])

    steps = list(ledger.batch.new_steps.values())
    assert [step.step_order for step in steps] == list(range(1, len(steps) + 1))
    assert ledger.session.steps == len(steps)
    assert ledger.session.errors == sum(step.status == "error" for step in steps)


@given(tellings_of_one_call() | tellings_of_sub_agents())
def test_every_change_of_a_row_is_noted(told: list[Told]) -> None:
    """A changed row has a revision above all before; its order and first event never change."""
    ledger = record([])
    ledger.next_batch()
    rows_before: dict[int, StepState] = {}
    for at, change in told:
        sequence = ledger.batch.sequence
        ledger.tell(at, change)
        rows_now = {step.id: step for step in ledger.session.calls.values()}
        for step_id, step in rows_now.items():
            before = rows_before.get(step_id)
            if before is None or before == step:
                continue
            assert step.step_order == before.step_order
            is_moved = step.agent_id in {move.agent_id for move in ledger.batch.moves}
            assert step.revision > sequence or is_moved
            assert step_id in ledger.batch.changed_steps or is_moved
        rows_before = {step_id: msgspec.structs.replace(step) for step_id, step in rows_now.items()}
        ledger.next_batch()


@given(tellings_of_one_call())
def test_what_runs_is_what_has_no_end(told: list[Told]) -> None:
    """The session's list of running steps holds those of that status, and no other."""
    session = record(told).session

    running = {step.id for step in session.calls.values() if step.status == "running"}
    assert set(session.running) == running
