"""What one batch of events changes."""

from support.ledgers import NOW

from traced.core.ledger.batch import Ask, Batch
from traced.core.ledger.session import PromptState, SessionState, SubAgentState
from traced.core.ledger.step import StepState


def step(step_id: int) -> StepState:
    return StepState(step_id, step_id, 1, 1, 1, "tool", "Bash", "running")


def test_ids_and_revisions_are_one_sequence() -> None:
    """Each number is given once, above all that were given before."""
    batch = Batch(41, NOW)

    assert [batch.next_id(), batch.next_id()] == [42, 43]


def test_a_changed_step_gets_a_new_revision() -> None:
    """A row that was committed before is seen again by those who go by revision."""
    batch = Batch(41, NOW)
    old = step(7)

    batch.step_changed(old)

    assert old.revision == 42
    assert batch.changed_steps == {7: old}


def test_a_new_step_keeps_its_revision() -> None:
    """A row that nobody has seen is inserted as it is at the end of the batch."""
    batch = Batch(41, NOW)
    new = step(42)
    batch.new_steps[42] = new

    batch.step_changed(new)

    assert (new.revision, batch.changed_steps) == (42, {})


def test_a_prompt_is_written_once() -> None:
    """Whatever changes of it, one row is put."""
    batch, session = Batch(0, NOW), SessionState(1, "claude-code", "s1", -1)
    prompt = PromptState(number=1, prompt_id=None)

    batch.prompt_changed(session, prompt)
    batch.prompt_changed(session, prompt)

    assert list(batch.prompts.values()) == [(session, prompt)]


def test_a_sub_agent_is_written_once() -> None:
    """Whatever changes of it, one row is put."""
    batch, session = Batch(0, NOW), SessionState(1, "claude-code", "s1", -1)
    sub_agent = SubAgentState("a1")

    batch.sub_agent_changed(session, sub_agent)
    batch.sub_agent_changed(session, sub_agent)

    assert list(batch.sub_agents.values()) == [(session, sub_agent)]


def test_a_request_that_found_its_call_at_once_is_never_written() -> None:
    """What comes and goes within a batch does not reach the database."""
    batch, ask = Batch(0, NOW), Ask(1, 77, 5)

    batch.ask_kept(ask)
    batch.ask_dropped(ask)

    assert (batch.asks_new, batch.asks_done) == ({}, [])


def test_a_request_that_was_waiting_is_dropped() -> None:
    """One of an earlier batch has a row to delete."""
    batch, ask = Batch(0, NOW), Ask(1, 77, 5)

    batch.ask_dropped(ask)

    assert batch.asks_done == [ask]


def test_a_request_that_is_given_back_stays() -> None:
    """One that was dropped and kept again within a batch still has its row."""
    batch, ask = Batch(0, NOW), Ask(1, 77, 5)

    batch.ask_dropped(ask)
    batch.ask_kept(ask)

    assert (batch.asks_new, batch.asks_done) == ({}, [])
