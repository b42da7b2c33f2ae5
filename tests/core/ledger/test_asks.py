"""Permission requests: each belongs to the oldest call that ran and had none."""

import pytest
from support.ledgers import Told, asked, end, every_order, record, session_end, start, stop

from traced.core.ledger import asks
from traced.core.ledger.batch import Ask


@pytest.mark.parametrize(
    "told", every_order((1, start(1)), (3, asked()), (9, end(9, duration_ms=2.0)))
)
def test_a_request_finds_its_call_in_any_order(told: tuple[Told, ...]) -> None:
    """Before its start, while it runs, or after its end."""
    ledger = record(told)

    assert ledger.step().permission_at == 3
    assert ledger.session.asks == []


@pytest.mark.parametrize(
    "told", every_order((1, start(1, "c1")), (2, start(2, "c2")), (3, asked()), (4, asked()))
)
def test_the_oldest_call_has_the_oldest_request(told: tuple[Told, ...]) -> None:
    """Two calls of the same tool with the same input ask one after the other."""
    ledger = record(told)

    assert [ledger.step("c1").permission_at, ledger.step("c2").permission_at] == [3, 4]


@pytest.mark.parametrize(
    "told", every_order((1, start(1, "c1")), (2, start(2, "c2")), (3, asked()))
)
def test_the_only_request_is_that_of_the_oldest_call(told: tuple[Told, ...]) -> None:
    """A call that is told late, but began first, takes it over."""
    ledger = record(told)

    assert [ledger.step("c1").permission_at, ledger.step("c2").permission_at] == [3, None]


@pytest.mark.parametrize(
    "told",
    every_order((1, start(1, "c1")), (2, end(2, "c1")), (5, start(5, "c2")), (6, asked())),
)
def test_a_call_that_had_ended_takes_no_request(told: tuple[Told, ...]) -> None:
    """A call that is made again asks for itself."""
    ledger = record(told)

    assert [ledger.step("c1").permission_at, ledger.step("c2").permission_at] == [None, 6]


@pytest.mark.parametrize("told", every_order((3, asked()), (5, start(5))))
def test_a_request_from_before_the_start_waits_for_another(told: tuple[Told, ...]) -> None:
    """A call does not ask before it begins."""
    ledger = record(told)

    assert ledger.step().permission_at is None
    assert ledger.session.asks == [(77, 3)]


@pytest.mark.parametrize("told", every_order((1, start(1)), (3, asked()), (3, asked())))
def test_a_request_that_is_told_twice_is_one(told: tuple[Told, ...]) -> None:
    """A repeated request neither waits nor goes to another call."""
    ledger = record(told)

    assert (ledger.step().permission_at, ledger.session.asks) == (3, [])


def test_other_calls_have_nothing_to_do_with_it() -> None:
    """Caller, tool and input must be the same."""
    ledger = record(((1, start(1, match_key=5)), (3, asked(6))))

    assert ledger.step().permission_at is None


def test_an_end_that_was_earlier_gives_a_request_back() -> None:
    """A request that came after the end belongs to a call that is yet to be told."""
    ledger = record(((1, start(1, "c1")), (6, asked()), (2, end(2, "c1")), (5, start(5, "c2"))))

    assert [ledger.step("c1").permission_at, ledger.step("c2").permission_at] == [None, 6]


def test_a_call_of_unknown_end_takes_no_request() -> None:
    """When it stopped running is not known; a call that is made again asks for itself."""
    ledger = record(((1, start(1, "c1")), (2, stop()), (5, start(5, "c2")), (6, asked())))

    assert [ledger.step("c1").permission_at, ledger.step("c2").permission_at] == [None, 6]


def test_a_request_outlives_the_end_of_its_session() -> None:
    """Start and end of its call may be told later still."""
    ledger = record(((3, asked()), (8, session_end()), (1, start(1)), (7, end(7))))

    assert ledger.step().permission_at == 3


def test_a_request_that_waits_is_written() -> None:
    """It is still there when its call comes after a restart."""
    ledger = record(((3, asked()),))

    assert list(ledger.batch.asks_new) == [Ask(1, 77, 3)]


def test_a_request_that_found_its_call_is_deleted() -> None:
    """Nothing waits any more."""
    ledger = record(((3, asked()),))
    ledger.next_batch()

    ledger.tell(1, start(1))

    assert ledger.batch.asks_done == [Ask(1, 77, 3)]


def test_the_row_of_the_call_is_written() -> None:
    """The wait for the user becomes known to those who go by revision."""
    ledger = record(((1, start(1)),))
    ledger.next_batch()

    ledger.tell(3, asked())

    assert list(ledger.batch.changed_steps.values()) == [ledger.step()]


def test_requests_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests whose calls never come are not collected: the oldest goes."""
    monkeypatch.setattr(asks, "ASKS_MAX", 2)

    ledger = record(((4, asked()), (3, asked()), (5, asked())))

    assert ledger.session.asks == [(77, 4), (77, 5)]
