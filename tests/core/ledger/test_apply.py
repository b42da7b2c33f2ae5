"""The way into the ledger: one event, applied whole."""

import pytest
from support.ledgers import Ledger, asked, batch_entry, end, prompt, session_start, start

from traced.core.errors import OrderTaken
from traced.core.event import ModelChanged, RunningLost


def test_the_order_of_the_one_step_is_told() -> None:
    """An event of one call answers with the order of its step, a new one or not."""
    ledger = Ledger()

    assert [ledger.tell(1, start(1)), ledger.tell(2, start(2, "c2")), ledger.tell(3, end(3))] == [
        1,
        2,
        1,
    ]


def test_no_order_is_told_for_several_steps() -> None:
    """An event of several calls has no one order to answer with."""
    assert Ledger().tell(1, batch_entry(1, "c1"), batch_entry(1, "c2")) is None


def test_no_order_is_told_without_a_step() -> None:
    """A prompt makes no step."""
    assert Ledger().tell(1, prompt("p1")) is None


def test_a_permission_request_answers_with_its_call() -> None:
    """A permission request changes the step of the call that it belongs to."""
    ledger = Ledger()
    ledger.tell(1, start(1))

    assert ledger.tell(2, asked()) == 1


def test_an_order_that_is_taken_changes_nothing() -> None:
    """A refused event leaves no trace in the batch: no step, no prompt, no number used."""
    ledger = Ledger()
    ledger.tell(1, end(1, None, step_order=7))
    ledger.next_batch()
    ledger.session.orders_taken[7] = "Bash"  # as the store answers for the batch

    with pytest.raises(OrderTaken):
        ledger.tell(2, end(2, None, step_order=7, prompt_number=3))

    assert ledger.batch == type(ledger.batch)(sequence=1, now=ledger.batch.now)
    assert (ledger.session.steps, ledger.session.last_prompt_number) == (1, 0)


def test_a_lost_agent_is_no_sign_of_life() -> None:
    """What the daemon itself finds out does not make a session look alive."""
    ledger = Ledger()
    ledger.tell(1, start(1))
    last_event_at = ledger.session.last_event_at
    ledger.next_batch()

    ledger.tell(9, RunningLost())

    assert ledger.session.last_event_at == last_event_at
    assert ledger.step().status == "unknown"


def test_a_model_that_is_not_named_stays() -> None:
    """A change of model that does not say to which keeps what is known."""
    ledger = Ledger()
    ledger.tell(1, session_start(), model="opus")

    ledger.tell(2, ModelChanged())

    assert ledger.session.model == "opus"
