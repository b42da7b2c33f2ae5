"""Steps: one row per call, one order per row."""

import pytest
from support.ledgers import Ledger, agent_start, batch_entry, denied, end, prompt, start

from traced.core.errors import OrderTaken


def test_start_and_end_are_one_step() -> None:
    """Law 2: the events of a call make one row."""
    ledger = Ledger()

    ledger.tell(1, start(1))
    ledger.tell(5, end(5))

    (step,) = ledger.batch.new_steps.values()
    assert (step.status, step.started_at, step.ended_at) == ("ok", 1, 5)


def test_whole_steps_without_call_id_are_steps_of_their_own() -> None:
    """Two identical commands are two steps."""
    ledger = Ledger()

    ledger.tell(1, end(1, None))
    ledger.tell(1, end(1, None))

    assert [step.step_order for step in ledger.batch.new_steps.values()] == [1, 2]


def test_orders_go_on_in_the_next_batch() -> None:
    """Law 1: 1..n over all batches of a session."""
    ledger = Ledger()
    ledger.tell(1, start(1))
    ledger.next_batch()

    assert ledger.tell(2, start(2, "c2")) == 2


def test_an_explicit_order_is_honoured() -> None:
    """A given order holds, 0 included."""
    ledger = Ledger()

    assert ledger.tell(1, end(1, None, step_order=0)) == 0


def test_orders_go_on_above_an_explicit_one() -> None:
    """After an order that was given, automatic ones go on above the highest."""
    ledger = Ledger()
    ledger.tell(1, end(1, None, step_order=9))
    ledger.tell(2, end(2, None, step_order=4))

    assert ledger.tell(3, end(3, None)) == 10


def test_a_taken_order_is_refused() -> None:
    """The refusal names who has the order and who wanted it."""
    ledger = Ledger()
    ledger.tell(1, end(1, None, name="Read", step_order=4))

    with pytest.raises(OrderTaken, match=r"is 4, .*'Read' has it, so 'Bash' cannot"):
        ledger.tell(2, end(2, None, name="Bash", step_order=4))


def test_an_automatic_order_is_taken_too() -> None:
    """Nobody can ask for the order of a step that got its own by itself."""
    ledger = Ledger()
    ledger.tell(1, end(1, None))

    with pytest.raises(OrderTaken):
        ledger.tell(2, end(2, None, step_order=1))


def test_the_same_call_may_name_its_order_again() -> None:
    """Start and end of a call may both say which order they want."""
    ledger = Ledger()
    ledger.tell(1, start(1, step_order=4))

    assert ledger.tell(2, end(2, step_order=4)) == 4


@pytest.mark.parametrize("first", [None, 4])
@pytest.mark.parametrize("later", [5, 9])
def test_a_call_keeps_its_order(first: int | None, later: int) -> None:
    """An end that names another one, free or taken, takes effect and is told which it has."""
    ledger = Ledger()
    ledger.tell(1, end(1, None, step_order=9))
    order = ledger.tell(2, start(2, step_order=first))

    assert order == (10 if first is None else 4)
    assert ledger.tell(3, end(3, step_order=later)) == order


def test_an_event_that_says_nothing_new_leaves_the_revision() -> None:
    """Most batch entries repeat what the end has said: they are no change that anybody awaits."""
    ledger = Ledger()
    ledger.tell(1, start(1))
    ledger.tell(2, end(2))
    ledger.next_batch()

    ledger.tell(3, batch_entry(3, output_summary="the same again"))

    assert ledger.batch.changed_steps == {}


def test_errors_are_counted_by_step() -> None:
    """A step that turns out to be an error counts once; one that was none after all does not."""
    ledger = Ledger()
    ledger.tell(1, batch_entry(1, status="error"))
    ledger.tell(1, batch_entry(1, "c2", status="error"))
    ledger.tell(1, batch_entry(1, "c2", status="error"))

    ledger.tell(2, end(2))

    assert (ledger.session.errors, ledger.step().status) == (1, "ok")


def test_a_step_without_id_goes_to_the_latest_prompt() -> None:
    """Law 5: without ids a step belongs to the prompt that is current."""
    ledger = Ledger()
    ledger.tell(1, prompt())
    ledger.tell(2, prompt())

    ledger.tell(3, start(3))

    assert ledger.step().prompt_number == 2


def test_a_step_before_the_first_prompt_is_under_0() -> None:
    """What happens before any prompt has prompt number 0."""
    ledger = Ledger()

    ledger.tell(1, start(1))

    assert ledger.step().prompt_number == 0


def test_a_call_of_the_main_thread_numbers_its_id() -> None:
    """Law 5: an id gets its number by whichever comes first, the prompt or a call."""
    ledger = Ledger()

    ledger.tell(2, start(2, prompt_id="p1"))
    ledger.tell(1, prompt("p1"))

    assert ledger.step().prompt_number == 1
    assert ledger.session.last_prompt_number == 1


def test_a_late_call_belongs_to_the_prompt_that_it_names() -> None:
    """The id decides, whatever prompt is current."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1"))
    ledger.tell(5, prompt("p2"))

    ledger.tell(4, end(4, prompt_id="p1"))

    assert ledger.step().prompt_number == 1


def test_an_explicit_prompt_is_made() -> None:
    """A prompt that is only named by its number is a prompt of the session."""
    ledger = Ledger()

    ledger.tell(1, start(1, prompt_number=3))

    assert [each.number for each in ledger.session.prompts] == [3]


def test_prompt_0_is_not_made() -> None:
    """Number 0 stands for what comes before all prompts."""
    ledger = Ledger()

    ledger.tell(1, start(1, prompt_number=0))

    assert ledger.session.prompts == []


def test_the_sub_agent_of_an_explicit_prompt_is_known() -> None:
    """A native step with both an agent and a prompt number shows up among the sub-agents."""
    ledger = Ledger()

    ledger.tell(1, start(1, agent_id="a1", parent_agent_id="a0", prompt_number=2))

    assert ledger.step().prompt_number == 2
    assert ledger.sub_agent("a1").parent_agent_id == "a0"


def test_a_step_goes_where_its_sub_agent_works() -> None:
    """Whichever event of a call names the sub-agent, and whatever prompt the others name."""
    ledger = Ledger()
    ledger.tell(1, prompt("p1"))
    ledger.tell(2, prompt("p2"))
    ledger.tell(3, agent_start("a1", "p1"))

    ledger.tell(4, start(4, prompt_id="p2"))
    ledger.tell(5, end(5, agent_id="a1", prompt_id="p2"))

    assert ledger.step().prompt_number == 1


def test_a_batch_entry_needs_no_other_event() -> None:
    """A call that was refused before its start is a step."""
    ledger = Ledger()

    ledger.tell(3, batch_entry(3, status="error", error="No such tool"))

    step = ledger.step()
    assert (step.status, step.error, step.started_at, step.ended_at) == (
        "error",
        "No such tool",
        None,
        3,
    )


def test_a_denied_call_is_over() -> None:
    """A call that its agent refused does not run."""
    ledger = Ledger()
    ledger.tell(1, start(1))

    ledger.tell(2, denied(2, error="Too risky"))

    assert (ledger.step().status, ledger.session.running) == ("denied", {})
