"""Calls without an id: which start and which end are of one call, in every order of telling."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ledgers import (
    KEY,
    Ledger,
    Told,
    asked,
    end,
    every_order,
    prompt,
    record,
    session_end,
    session_start,
    start,
    stop,
)

from traced.core.event import StepChange
from traced.core.ledger.alike import ALIKE_MAX

Pair = tuple[str, int | None, int | None, str | None]


def begin(at: int, **said: Any) -> Told:
    """The start of a call that has no id."""
    change = start(at, **said)
    change.call_id = None
    return at, change


def finish(at: int, output: str = "done", **said: Any) -> Told:
    """The end of a call that has no id."""
    return at, end(at, None, output_summary=output, **{"match_key": KEY, **said})


def pairs(ledger: Ledger) -> list[Pair]:
    """Return what the rows say, in the order of time."""
    rows = [step for steps in ledger.session.alike.values() for step in steps]
    found = [(row.status, row.started_at, row.ended_at, row.output_summary) for row in rows]
    return sorted(found, key=lambda row: (row[1] or row[2] or 0, row[2] or 0, row[3] or ""))


@pytest.mark.parametrize("told", every_order(begin(10), finish(20)))
def test_a_start_and_its_end_are_one_row(told: tuple[Told, ...]) -> None:
    """Whichever is told first."""
    ledger = record(told)

    assert pairs(ledger) == [("ok", 10, 20, "done")]
    assert ledger.session.steps == 1
    assert not ledger.session.running


@pytest.mark.parametrize(
    "told", every_order(begin(10), begin(11), finish(20, "a"), finish(21, "b"))
)
def test_identical_calls_at_once_are_rows_of_their_own(told: tuple[Told, ...]) -> None:
    """What began first ends first."""
    ledger = record(told)

    assert pairs(ledger) == [("ok", 10, 20, "a"), ("ok", 11, 21, "b")]
    assert [row.step_order for row in ledger.session.alike[KEY]] == [1, 2]


@pytest.mark.parametrize("told", every_order(begin(10), finish(20, "a"), begin(30), begin(40)))
def test_what_begins_after_an_end_is_another_call(told: tuple[Told, ...]) -> None:
    """An end is never that of what began later."""
    found = pairs(record(told))

    assert found == [("ok", 10, 20, "a"), ("running", 30, None, None), ("running", 40, None, None)]


@pytest.mark.parametrize("told", every_order(finish(5, "a"), begin(10), finish(20, "b")))
def test_an_end_alone_is_a_whole_row(told: tuple[Told, ...]) -> None:
    """No start before it has been told."""
    assert pairs(record(told)) == [("ok", None, 5, "a"), ("ok", 10, 20, "b")]


@pytest.mark.parametrize(
    "told", every_order(begin(10), (15, stop()), begin(30), finish(40, "again"))
)
def test_a_call_that_its_user_stopped_takes_no_later_end(told: tuple[Told, ...]) -> None:
    """The same call of the next prompt ends its own start."""
    ledger = record(((1, prompt()), *told))

    assert pairs(ledger) == [("unknown", 10, None, None), ("ok", 30, 40, "again")]


@pytest.mark.parametrize("told", every_order(begin(10), (15, stop()), finish(40, "late")))
def test_a_real_end_beats_not_knowing(told: tuple[Told, ...]) -> None:
    """Where no other start can be its own."""
    assert pairs(record(((1, prompt()), *told))) == [("ok", 10, 40, "late")]


@pytest.mark.parametrize(
    "told",
    every_order(begin(10), (15, session_end()), (16, session_start()), begin(20)),
)
def test_a_resumed_session_runs_only_what_began_since(told: tuple[Told, ...]) -> None:
    """What was open when it ended is unknown."""
    ledger = record(told)

    assert pairs(ledger) == [("unknown", 10, None, None), ("running", 20, None, None)]
    assert [step.started_at for step in ledger.session.running.values()] == [20]


def test_other_callers_and_inputs_are_other_calls() -> None:
    """Their keys differ."""
    ledger = record((begin(10), finish(20, match_key=78)))

    assert pairs(ledger) == [("running", 10, None, None), ("ok", None, 20, "done")]


def test_no_row_has_a_call_id() -> None:
    """None was told, and none is made up."""
    (row,) = record((begin(10), finish(20))).session.alike[KEY]

    assert row.call_id is None


def test_the_sender_is_told_the_row_that_has_its_event() -> None:
    """Even where a start takes another's place."""
    ledger = Ledger()

    assert ledger.tell(*begin(20)) == 1
    assert ledger.tell(*finish(30)) == 1
    assert ledger.tell(*begin(10)) == 1  # it ended first, so the other start runs
    assert pairs(ledger) == [("ok", 10, 30, "done"), ("running", 20, None, None)]


def test_errors_are_counted_once() -> None:
    """An end that fails, told before its start."""
    ledger = record((finish(20, status="error"), begin(10)))

    assert (ledger.session.errors, ledger.session.steps) == (1, 1)


def test_rows_that_were_written_get_a_new_revision() -> None:
    """Both of those between which a start changed places."""
    ledger = record((begin(20), finish(30)))
    (first,) = ledger.session.alike[KEY]
    ledger.next_batch()
    before = first.revision

    ledger.tell(*begin(10))

    assert list(ledger.batch.changed_steps) == [first.id]
    assert first.revision > before


@pytest.mark.parametrize("told", every_order(begin(10), begin(11), (12, asked()), finish(20, "a")))
def test_a_permission_request_goes_with_the_oldest_start(told: tuple[Told, ...]) -> None:
    """As for calls with an id."""
    rows = record(told).session.alike[KEY]

    assert {row.started_at: row.permission_at for row in rows} == {10: 12, 11: None}


def test_a_step_goes_where_its_start_was() -> None:
    """An end that is told in the next prompt belongs to the prompt of its start."""
    ledger = record(((1, prompt()), begin(10), (25, prompt()), finish(20)))

    assert [row.prompt_number for row in ledger.session.alike[KEY]] == [1]


EVENTS = st.lists(
    st.one_of(
        st.builds(begin, st.integers(0, 20).map(lambda at: 100 + 2 * at)),
        st.builds(finish, st.integers(0, 20).map(lambda at: 100 + 2 * at), st.sampled_from("abc")),
        st.tuples(
            st.integers(0, 20).map(lambda at: 101 + 2 * at),
            st.sampled_from([stop(), session_end(), session_start()]),
        ),
    ),
    max_size=12,
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_rows_depend_on_what_was_told_alone(told: list[Told], chance: Any) -> None:
    """Starts, ends and points at which something is over, in any order of telling."""
    shuffled = list(told)
    chance.shuffle(shuffled)
    first, second = (record(((1, prompt()), *each)) for each in (told, shuffled))

    assert pairs(first) == pairs(second)
    orders = sorted(row.step_order for rows in second.session.alike.values() for row in rows)
    assert orders == list(range(1, len(orders) + 1))
    assert second.session.errors == 0


@given(EVENTS)
def test_what_runs_is_known_to_run(told: list[Told]) -> None:
    """The list of running steps holds those and no others."""
    ledger = record(((1, prompt()), *told))
    rows = [row for rows in ledger.session.alike.values() for row in rows]

    assert {row.id for row in rows if row.running} == set(ledger.session.running)


@given(EVENTS)
def test_every_start_and_every_end_is_in_one_row(told: list[Told]) -> None:
    """Nothing is lost by changing places, and nothing told twice."""
    steps = [change for _, change in told if isinstance(change, StepChange)]
    rows = pairs(record(((1, prompt()), *told)))

    began = [at for _, at, _, _ in rows if at is not None]
    ended = [at for _, _, at, _ in rows if at is not None]
    assert sorted(began) == sorted(step.started_at for step in steps if step.started_at)
    assert sorted(ended) == sorted(step.ended_at for step in steps if step.ended_at)
    assert all(start is None or end is None or start <= end for _, start, end, _ in rows)


def test_a_flood_of_starts_costs_no_more_than_the_latest() -> None:
    """A client that only ever starts the same call is bounded, within one batch too."""
    ledger = record(tuple(begin(at) for at in range(ALIKE_MAX + 5)))

    assert len(ledger.session.alike[KEY]) == ALIKE_MAX
    assert ledger.session.steps == ALIKE_MAX + 5
