import msgspec
from support.rows import AGENT, START, ran, second

from traced.show.tree import Heading
from traced.web.pages.axis import Place, axis
from traced.web.pages.rows import HeadingRow, Row, rows

ALONG = axis(START, START + 10_000)


def only(found: list[Row | HeadingRow]) -> Row:
    """Return the one row there is."""
    (row,) = found
    assert isinstance(row, Row)
    return row


def test_a_step_lies_where_it_ran() -> None:
    """Its bar begins and ends when it did."""
    assert only(rows([ran(1, 2, 5)], [], ALONG, START)).bar == Place("20.00%", "30.00%")


def test_a_running_step_reaches_until_now() -> None:
    """Its bar grows, and it tells since when."""
    row = only(rows([ran(1, 2, None)], [], ALONG, START + 6000))

    assert (row.bar, row.since_ms) == (Place("20.00%", "40.00%"), START + 2000)


def test_an_end_alone_is_a_mark() -> None:
    """A call whose start nobody saw lies at its end."""
    row = only(rows([ran(1, 2, 5, started_at=None)], [], ALONG, START))

    assert row.bar == Place("50.00%", "0.40%")


def test_a_step_without_times_has_no_bar() -> None:
    """Nothing is drawn that nobody knows."""
    row = only(rows([ran(1, 2, 5, started_at=None, ended_at=None)], [], ALONG, START))

    assert row.bar is None


def test_a_wait_is_seen_in_the_bar() -> None:
    """The time until a person allowed a call is a part of its bar; a glance is not."""
    asked = only(rows([ran(1, 2, 8, permission_wait_ms=3000.0)], [], ALONG, START))
    unasked = only(rows([ran(1, 2, 8, permission_wait_ms=20.0)], [], ALONG, START))

    assert asked.wait == Place("20.00%", "30.00%")
    assert unasked.wait is None


def test_sub_agents_stand_below_their_call() -> None:
    """The depth of a row tells who ran it, and those at the same time are held together."""
    steps = [ran(1, 0, 5, child_agent_id="a"), ran(2, 1, 2, agent_id="a"), ran(3, 3, 6)]

    found = rows(steps, [], ALONG, START)

    assert [(row.step.id, row.depth, row.parallel) for row in found if isinstance(row, Row)] == [
        (1, 0, "first"),
        (2, 1, ""),
        (3, 0, "last"),
    ]


def test_a_sub_agent_can_outlive_its_call() -> None:
    """One in the background ends later; two hooks that merely follow each other do not count."""
    call = ran(1, 0, 1, child_agent_id="a1")
    later = msgspec.structs.replace(AGENT, ended_at=second(8))
    at_once = msgspec.structs.replace(AGENT, ended_at=second(1.5))

    assert only(rows([call], [later], ALONG, START)).outlived_ms == 7000
    assert only(rows([call], [at_once], ALONG, START)).outlived_ms is None
    assert only(rows([call], [AGENT], ALONG, START)).outlived_ms is None


def test_a_sub_agent_out_of_place_has_a_heading() -> None:
    """Its rows stand below that."""
    heading, row = rows([ran(1, 0, 1, agent_id="a", agent_type="Explore")], [], ALONG, START)

    assert isinstance(heading, HeadingRow)
    assert isinstance(heading.heading, Heading)
    assert isinstance(row, Row)
    assert (heading.heading.agent_type, row.depth) == ("Explore", 1)
