"""The life of a session: it starts, ends, and is resumed."""

import pytest
from support.ledgers import (
    Ledger,
    Told,
    end,
    every_order,
    prompt,
    record,
    session_end,
    session_start,
    start,
)

from traced.core.event import ModelChanged


def test_a_session_ends() -> None:
    """The end has its time and its reason."""
    ledger = Ledger()
    ledger.tell(1, session_start())

    ledger.tell(5, session_end("logout"))

    assert (ledger.session.ended_at, ledger.session.end_reason) == (5, "logout")


def test_a_resumed_session_is_open_again() -> None:
    """Law 4: its end is forgotten."""
    ledger = Ledger()
    ledger.tell(5, session_end("logout"))

    ledger.tell(6, session_start())

    assert (ledger.session.ended_at, ledger.session.end_reason) == (None, None)


@pytest.mark.parametrize(
    "told",
    every_order((1, session_start()), (5, session_end("first")), (6, session_start())),
)
def test_an_end_from_before_a_resumption_does_not_count(
    told: tuple[Told, ...],
) -> None:
    """Whether a session is open follows from the times, not from what is told last."""
    ledger = record(told)

    assert ledger.session.ended_at is None


@pytest.mark.parametrize(
    "told",
    every_order((5, session_end("first")), (6, session_start()), (8, session_end("second"))),
)
def test_the_latest_end_holds(told: tuple[Told, ...]) -> None:
    """A session that was resumed ends when it ended last."""
    ledger = record(told)

    assert (ledger.session.ended_at, ledger.session.end_reason) == (8, "second")


def test_a_step_does_not_open_an_ended_session() -> None:
    """The hooks of a call may come after that of the session's end."""
    ledger = Ledger()
    ledger.tell(5, session_end())

    ledger.tell(6, end(6))

    assert ledger.session.ended_at == 5


def test_a_late_end_closes_what_began_before_it_alone() -> None:
    """A resumed session goes on with what it began since."""
    ledger = Ledger()
    ledger.tell(1, start(1, "c1"))
    ledger.tell(6, session_start(continues=True))
    ledger.tell(7, start(7, "c2"))

    ledger.tell(5, session_end())

    assert [ledger.step("c1").status, ledger.step("c2").status] == ["unknown", "running"]


def test_a_session_began_with_its_earliest_event() -> None:
    """Whatever event that is."""
    ledger = Ledger()

    ledger.tell(5, session_start())
    ledger.tell(3, prompt())

    assert ledger.session.started_at == 3


def test_its_last_event_is_the_latest_to_happen() -> None:
    """What the spool kept happened before it was heard of, and makes no session younger."""
    ledger = Ledger()

    ledger.tell(5, session_start())
    ledger.tell(3, prompt())

    assert ledger.session.last_event_at == 5
    assert ledger.session.heard_at == ledger.batch.now


def test_its_last_event_is_never_in_the_future() -> None:
    """A client's clock that runs ahead does not keep a session young."""
    ledger = Ledger()

    ledger.tell(ledger.batch.now + 9, session_start())

    assert ledger.session.last_event_at == ledger.batch.now


def test_any_event_tells_where_it_runs() -> None:
    """A session whose start was not told has a folder and a model all the same."""
    ledger = Ledger()

    ledger.tell(1, end(1), cwd="/a", model="opus")
    ledger.tell(2, end(2), cwd="/a/b", model="haiku")

    assert (ledger.session.cwd, ledger.session.model) == ("/a", "opus")


def test_the_latest_start_tells_where_it_runs_now() -> None:
    """A session that is resumed elsewhere, or with another model, shows that."""
    ledger = Ledger()

    ledger.tell(5, session_start(), cwd="/b", model="haiku")
    ledger.tell(1, session_start(), cwd="/a", model="opus")

    assert (ledger.session.cwd, ledger.session.model) == ("/b", "haiku")


def test_a_start_that_does_not_say_takes_nothing_away() -> None:
    """SessionStart names its model in some cases only."""
    ledger = Ledger()
    ledger.tell(1, session_start(), cwd="/a", model="opus")

    ledger.tell(5, session_start())

    assert (ledger.session.cwd, ledger.session.model) == ("/a", "opus")


def test_the_model_may_change() -> None:
    """A session goes on with the model that it was switched to."""
    ledger = Ledger()
    ledger.tell(1, session_start(), model="opus")

    ledger.tell(5, ModelChanged(), model="haiku")

    assert ledger.session.model == "haiku"


def test_the_process_is_the_one_heard_of_last() -> None:
    """Where it is gone, what runs in the session is lost."""
    ledger = Ledger()

    ledger.tell(1, end(1), agent_pid=10)
    ledger.tell(2, end(2), agent_pid=11)
    ledger.tell(3, end(3))

    assert ledger.session.agent_pid == 11


def test_the_process_before_a_resumption_is_forgotten() -> None:
    """A late event of a process that has died must not make the session look lost."""
    ledger = Ledger()
    ledger.tell(5, session_start(), agent_pid=11)

    ledger.tell(4, end(4), agent_pid=10)

    assert ledger.session.agent_pid == 11


def test_every_event_writes_its_session() -> None:
    """At least the time at which it was heard of last has changed."""
    ledger = Ledger()
    ledger.next_batch()

    ledger.tell(1, prompt())

    assert list(ledger.batch.sessions.values()) == [ledger.session]
