"""Sub-agents: who launched them, and for which prompt they work."""

import pytest
from support.ledgers import (
    Ledger,
    Told,
    agent_failure,
    agent_start,
    agent_stop,
    end,
    every_order,
    prompt,
    record,
    session_end,
    start,
)

from traced.core.event import AgentEnded, AgentStarted
from traced.core.ledger.batch import Described, Move

PROMPTS: tuple[Told, ...] = ((1, prompt("p1")), (2, prompt("p2")), (3, prompt("p3")))


def two_prompts_later(*told: Told) -> Ledger:
    """Return a ledger of three prompts to which this was told then."""
    return record((*PROMPTS, *told))


def inside(at: int, call_id: str, agent_id: str = "a1", prompt_id: str = "p3") -> Told:
    """A call of a sub-agent, which carries whatever prompt is current."""
    return at, end(at, call_id, agent_id=agent_id, prompt_id=prompt_id)


def launch(at: int, call_id: str, child: str, prompt_id: str, by: str | None = None) -> Told:
    """The end of a call that launched a sub-agent."""
    return at, end(at, call_id, child_agent_id=child, prompt_id=prompt_id, agent_id=by)


def test_steps_go_to_the_prompt_of_the_launching_call() -> None:
    """Law 5: whatever prompt is current while the sub-agent works."""
    ledger = two_prompts_later(launch(4, "m", "a1", "p1"), inside(5, "c1"))

    assert ledger.step("c1").prompt_number == 1


def test_steps_go_to_the_prompt_of_the_start_until_then() -> None:
    """Law 5: until the link is known, the prompt of SubagentStart holds."""
    ledger = two_prompts_later((4, agent_start("a1", "p2")), inside(5, "c1"))

    assert ledger.step("c1").prompt_number == 2


def test_steps_go_to_the_earliest_prompt_that_they_name_before_that() -> None:
    """A sub-agent whose start was lost works for the first prompt that its steps carry."""
    ledger = two_prompts_later(inside(5, "c1", prompt_id="p3"), inside(6, "c2", prompt_id="p2"))

    assert [ledger.step("c1").prompt_number, ledger.step("c2").prompt_number] == [2, 2]


@pytest.mark.parametrize(
    "told", every_order(inside(6, "c1"), (5, agent_start("a1", "p2")), launch(9, "m", "a1", "p1"))
)
def test_a_link_that_comes_late_moves_the_steps(told: tuple[Told, ...]) -> None:
    """Law 5: steps before the start, before the end of the launching call, in any order."""
    ledger = two_prompts_later(*told)

    assert ledger.step("c1").prompt_number == 1
    assert ledger.sub_agent("a1").prompt_number == 1


@pytest.mark.parametrize(
    "told",
    every_order(
        inside(6, "c1", agent_id="a2"),
        (5, agent_start("a2", "p3")),
        launch(8, "n", "a2", "p3", by="a1"),
        launch(9, "m", "a1", "p1"),
    ),
)
def test_moves_cascade(told: tuple[Told, ...]) -> None:
    """A sub-agent of a sub-agent goes where that one goes, its launching call too."""
    ledger = two_prompts_later(*told)

    assert [ledger.step("n").prompt_number, ledger.step("c1").prompt_number] == [1, 1]
    assert ledger.sub_agent("a2").parent_agent_id == "a1"


def test_a_chain_of_any_length_moves() -> None:
    """Depth is no limit: the innermost of 2,000 sub-agents follows the outermost."""
    ledger = two_prompts_later()
    for depth in range(2000):
        ledger.tell(*launch(4, f"m{depth}", f"a{depth + 1}", "p3", by=f"a{depth}"))

    ledger.tell(*launch(9, "m", "a0", "p1"))

    assert ledger.step("m1999").prompt_number == 1


def test_a_circle_of_sub_agents_comes_to_an_end() -> None:
    """Payloads may claim anything, as that two sub-agents launched each other."""
    ledger = two_prompts_later(
        launch(4, "m1", "a1", "p3", by="a2"), launch(5, "m2", "a2", "p3", by="a1")
    )

    ledger.tell(6, agent_start("a1", "p1"))

    assert ledger.sub_agent("a1").prompt_number == ledger.sub_agent("a2").prompt_number


def test_steps_that_are_not_at_hand_are_moved_by_the_store() -> None:
    """The batch says which sub-agent goes where: rows of ended calls are only in the database."""
    ledger = two_prompts_later(inside(5, "c1"))
    ledger.next_batch()

    ledger.tell(*launch(9, "m", "a1", "p1"))

    assert ledger.batch.moves == [Move(1, "a1", 1)]


def test_a_new_sub_agent_has_nothing_to_move() -> None:
    """No statement is spent on a sub-agent that has no steps yet."""
    ledger = two_prompts_later((4, agent_start("a1", "p1")))

    assert ledger.batch.moves == []


def test_a_parent_that_becomes_known_is_seen() -> None:
    """The rows of a sub-agent show its parent: they get a new revision when it is told."""
    ledger = two_prompts_later(inside(5, "c1", agent_id="a2", prompt_id="p1"))
    ledger.next_batch()

    ledger.tell(*launch(9, "n", "a2", "p1", by="a1"))

    known = Described(1, "a2", type_is_new=False, parent_is_new=True)
    assert ledger.batch.described == [known]


def test_a_new_sub_agent_has_no_rows_that_show_it() -> None:
    """No statement is spent on what becomes known before there is a step."""
    ledger = two_prompts_later((4, agent_start("a1", "p1")), launch(9, "m", "a1", "p1"))

    assert ledger.batch.described == []


def test_a_witness_that_changes_no_prompt_is_written() -> None:
    """Who said which prompt it serves outlives a restart: else a later number would move it."""
    ledger = two_prompts_later(inside(5, "c1", prompt_id="not numbered yet"))
    ledger.next_batch()

    ledger.tell(*inside(6, "c2", prompt_id="p3"))

    assert ledger.batch.moves == []
    assert list(ledger.batch.sub_agents) == [(1, "a1")]


def test_an_explicit_prompt_is_never_moved() -> None:
    """A step that named its prompt stays there."""
    ledger = two_prompts_later((5, end(5, agent_id="a1", prompt_number=2)))

    ledger.tell(*launch(9, "m", "a1", "p1"))

    assert ledger.step().prompt_number == 2


def test_ids_that_get_their_number_later_count() -> None:
    """A SubagentStart may come before the prompt that it names, and before all prompts."""
    ledger = record(((4, agent_start("a1", "p2")), inside(5, "c1", prompt_id="p2")))

    ledger.tell(1, prompt("p1"))
    ledger.tell(2, prompt("p2"))

    assert ledger.step("c1").prompt_number == 2


def test_without_ids_the_current_prompt_holds() -> None:
    """A sub-agent of an agent that sends no ids works for the prompt that is current."""
    ledger = record(((1, prompt()), (2, prompt()), (4, agent_start())))

    assert ledger.sub_agent("a1").prompt_number == 2


def test_before_all_prompts_it_works_for_none() -> None:
    """Warm-up agents begin before the first prompt."""
    ledger = record(((4, agent_start()),))

    assert ledger.sub_agent("a1").prompt_number == 0


def test_one_that_was_only_seen_to_end_has_no_prompt() -> None:
    """Agents that end at a compaction were never seen to start."""
    ledger = record(((1, prompt()), (4, agent_stop())))

    assert ledger.sub_agent("a1").prompt_number is None


@pytest.mark.parametrize(
    "told", every_order((4, agent_start("a1", "p1")), (9, agent_start("a1", "p3")))
)
def test_one_that_is_started_again_stays_with_its_first_prompt(told: tuple[Told, ...]) -> None:
    """The earliest start tells, whichever comes first."""
    ledger = two_prompts_later(*told)

    assert (ledger.sub_agent("a1").prompt_number, ledger.sub_agent("a1").started_at) == (1, 4)


@pytest.mark.parametrize(
    "told",
    every_order((4, start(4, "m1", prompt_id="p1")), launch(5, "m1", "a1", "p1"))
    + every_order(launch(5, "m1", "a1", "p1"), launch(9, "m2", "a1", "p3")),
)
def test_the_first_call_launched_it(told: tuple[Told, ...]) -> None:
    """A call that only goes on with a sub-agent did not launch it."""
    ledger = two_prompts_later(*told)

    assert (ledger.sub_agent("a1").call_id, ledger.sub_agent("a1").prompt_number) == ("m1", 1)


def test_the_main_thread_is_no_parent() -> None:
    """A sub-agent that the main thread launched has no parent."""
    ledger = two_prompts_later(launch(5, "m", "a1", "p1"))

    assert ledger.sub_agent("a1").parent_agent_id is None


def test_a_sub_agent_outlives_its_call() -> None:
    """A background sub-agent runs until it is told to have stopped."""
    ledger = two_prompts_later(launch(5, "m", "a1", "p1"))
    assert ledger.sub_agent("a1").status == "running"

    ledger.tell(9, agent_stop())

    assert (ledger.sub_agent("a1").status, ledger.sub_agent("a1").ended_at) == ("ok", 9)


@pytest.mark.parametrize(
    "told",
    every_order((4, agent_start()), (6, agent_failure()), (9, agent_stop()), (20, session_end())),
)
def test_one_that_stopped_is_ok(told: tuple[Told, ...]) -> None:
    """A stop is stronger than a failure and the end of the session, and holds in any order."""
    assert record(told).sub_agent("a1").status == "ok"


@pytest.mark.parametrize("told", every_order((4, agent_start()), (20, session_end())))
def test_one_that_never_stopped_is_unknown(told: tuple[Told, ...]) -> None:
    """What runs when its session ends is unknown, told before or after."""
    assert record(told).sub_agent("a1").status == "unknown"


@pytest.mark.parametrize("told", every_order(inside(4, "c1"), (20, session_end())))
def test_one_that_only_its_steps_know_is_unknown_too(told: tuple[Told, ...]) -> None:
    """A sub-agent without a SubagentStart ends with its session all the same."""
    assert record(told).sub_agent("a1").status == "unknown"


def test_one_that_a_late_step_closes_is_written() -> None:
    """A row that was running before does not stay so in the database."""
    ledger = record(((30, session_end()), inside(40, "c1")))
    ledger.next_batch()

    ledger.tell(*inside(20, "c2"))

    assert ledger.sub_agent("a1").status == "unknown"
    assert list(ledger.batch.sub_agents) == [(1, "a1")]


def test_its_type_is_known_from_any_event() -> None:
    """Its start, its stop, its steps and the result of its call all tell the type."""
    by_start = record(((4, agent_start()),))
    by_stop = record(((4, agent_stop()),))
    by_step = record(((4, end(4, agent_id="a1", agent_type="explorer")),))
    by_call = record(((4, end(4, child_agent_id="a1", child_agent_type="explorer")),))

    for ledger in (by_start, by_stop, by_step, by_call):
        assert ledger.sub_agent("a1").agent_type == "explorer"


def test_the_type_of_its_start_holds() -> None:
    """What a SubagentStart says of the type beats what others say."""
    ledger = record(((9, AgentEnded("a1", "b")), (4, AgentStarted("a1", "a", None))))

    assert ledger.sub_agent("a1").agent_type == "a"


def test_an_end_without_type_takes_nothing_away() -> None:
    """SubagentStop at a compaction has no type."""
    ledger = record(((4, agent_start()), (9, AgentEnded("a1", None))))

    assert ledger.sub_agent("a1").agent_type == "explorer"


@pytest.mark.parametrize("told", every_order((4, agent_start()), (9, agent_failure())))
def test_one_that_failed_has_ended_nobody_knows_how(told: tuple[Told, ...]) -> None:
    """It does not run on until its session ends, in whatever order the two came."""
    sub_agent = record(told).sub_agent("a1")
    assert (sub_agent.status, sub_agent.ended_at) == ("unknown", 9)
