"""What runs, and the points after which it is unknown how it ended."""

from collections.abc import Callable

import pytest
from support.ledgers import (
    Ledger,
    agent_start,
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
from traced.core.ledger import running

POINTS: dict[str, Callable[[], Change]] = {
    "session end": session_end,
    "session start": session_start,
    "agent lost": RunningLost,
    "stop": lambda: stop("p1"),
    "another prompt": lambda: prompt("p2"),
}
ALL_THREADS = ["session end", "session start", "agent lost"]


@pytest.mark.parametrize("point", POINTS)
def test_a_point_closes_what_runs(point: str) -> None:
    """Law 4 (a) to (d): how it ended is unknown."""
    ledger = Ledger()
    ledger.tell(1, start(1, prompt_id="p1"))

    ledger.tell(5, POINTS[point]())

    assert ledger.step().status == "unknown"
    assert ledger.session.running == {}


@pytest.mark.parametrize("point", POINTS)
def test_a_start_from_before_a_point_is_unknown_at_once(point: str) -> None:
    """A start that comes after such a point but was sent before it does not run."""
    ledger = Ledger()
    ledger.tell(5, POINTS[point]())

    ledger.tell(1, start(1, prompt_id="p1"))

    assert ledger.step().status == "unknown"
    assert ledger.session.running == {}


@pytest.mark.parametrize("point", POINTS)
def test_a_start_from_after_a_point_runs(point: str) -> None:
    """What began since is not over, whichever of the two is told first."""
    told_late, told_in_order = Ledger(), Ledger()
    told_late.tell(9, start(9, prompt_id="p1"))
    told_late.tell(5, POINTS[point]())
    told_in_order.tell(5, POINTS[point]())
    told_in_order.tell(9, start(9, prompt_id="p1"))

    assert told_late.step().status == "running"
    assert told_in_order.step().status == "running"


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(
    ("later", "status"), [(end(7), "ok"), (denied(7), "denied"), (batch_entry(7), "denied")]
)
def test_what_is_stronger_replaces_unknown(point: str, later: Change, status: str) -> None:
    """Whenever it comes: an end may be told after its session's."""
    ledger = Ledger()
    ledger.tell(1, start(1, prompt_id="p1"))
    ledger.tell(5, POINTS[point]())

    ledger.tell(7, later)

    assert ledger.step().status == status


@pytest.mark.parametrize("point", ALL_THREADS)
def test_a_session_takes_its_sub_agents_along(point: str) -> None:
    """Law 4 (a), (c) and (d) are of all threads, and of the sub-agents themselves."""
    ledger = Ledger()
    ledger.tell(1, agent_start("a1"))
    ledger.tell(2, start(2, agent_id="a1"))

    ledger.tell(5, POINTS[point]())

    assert (ledger.step().status, ledger.sub_agent("a1").status) == ("unknown", "unknown")


@pytest.mark.parametrize("point", ["stop", "another prompt"])
def test_sub_agents_outlive_a_prompt_however_late_they_start(point: str) -> None:
    """Law 4 (b) is of the main thread alone."""
    ledger = Ledger()
    ledger.tell(5, POINTS[point]())

    ledger.tell(1, start(1, agent_id="a1", prompt_id="p1"))

    assert ledger.step().status == "running"


def test_a_point_that_is_told_late_takes_back_no_other() -> None:
    """The latest point counts, whatever is told last."""
    ledger = Ledger()
    ledger.tell(9, session_end())
    ledger.tell(5, session_start())

    ledger.tell(7, start(7))

    assert ledger.step().status == "unknown"


def test_a_compaction_closes_nothing() -> None:
    """Law 4 (a): a SessionStart by compaction goes on with what runs."""
    ledger = Ledger()
    ledger.tell(1, start(1))

    ledger.tell(5, session_start(continues=True))

    assert ledger.step().status == "running"


def test_an_ended_prompt_without_id_closes_late_starts() -> None:
    """Without ids a start from before the last Stop is over, whatever prompt is current."""
    ledger = Ledger()
    ledger.tell(1, prompt())
    ledger.tell(5, stop())
    ledger.tell(6, prompt())

    ledger.tell(4, start(4))
    ledger.tell(7, start(7, "c2"))

    assert [ledger.step("c1").status, ledger.step("c2").status] == ["unknown", "running"]


def test_a_new_prompt_without_id_closes_nothing() -> None:
    """A text typed while a turn runs must not end its calls, known in whatever order."""
    ledger = Ledger()
    ledger.tell(5, prompt())

    ledger.tell(4, start(4))

    assert ledger.step().status == "running"


def test_events_of_the_same_millisecond_count_in_their_order() -> None:
    """Payloads without envelope, read at once, have one time: what is told later is later."""
    before, after = Ledger(), Ledger()
    before.tell(5, start(5))
    before.tell(5, session_end())
    after.tell(5, session_start())
    after.tell(5, start(5))

    assert [before.step().status, after.step().status] == ["unknown", "running"]


def test_a_closed_step_is_written() -> None:
    """A row that was running before is seen again."""
    ledger = Ledger()
    ledger.tell(1, start(1))
    ledger.next_batch()

    ledger.tell(5, stop())

    assert list(ledger.batch.changed_steps.values()) == [ledger.step()]


def test_running_steps_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that only ever starts does not fill the memory: the oldest becomes unknown."""
    monkeypatch.setattr(running, "RUNNING_MAX", 2)
    ledger = Ledger()

    for number in (1, 2, 3):
        ledger.tell(number, start(number, f"c{number}"))

    assert [step.status for step in ledger.session.calls.values()] == [
        "unknown",
        "running",
        "running",
    ]
    assert len(ledger.session.running) == 2


@pytest.mark.parametrize("point", ["stop", "another prompt"])
def test_what_turns_out_to_be_a_sub_agents_runs_on(point: str) -> None:
    """A call closed as the main thread's, of which it is then told that a sub-agent makes it."""
    told_late, told_in_order = Ledger(), Ledger()
    told_late.tell(1, start(1, prompt_id="p1"))
    told_late.tell(5, POINTS[point]())
    told_late.tell(6, start(1, prompt_id="p1", agent_id="a1"))
    told_in_order.tell(1, start(1, prompt_id="p1"))
    told_in_order.tell(1, start(1, prompt_id="p1", agent_id="a1"))
    told_in_order.tell(5, POINTS[point]())

    assert told_late.step().status == told_in_order.step().status == "running"
