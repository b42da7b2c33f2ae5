import time
from typing import Any

from traced.store.viewing import Bar
from traced.web.pages.lanes import LANES_MAX, Shape, strip


def bar(order: int, began_at: int, ended_at: float, **more: Any) -> Bar:
    """Return a tool call of the main agent."""
    fields: dict[str, Any] = {"trace_type": "tool", "status": "ok", "agent_id": None} | more
    return Bar(1, order, began_at=began_at, ended_at=ended_at, **fields)


def test_nothing_has_no_picture() -> None:
    """A prompt without steps is not drawn."""
    assert strip([], 0) is None


def test_one_after_another_share_a_lane() -> None:
    """Two halves of the time are two halves of one lane."""
    drawn = strip([bar(1, 0, 500), bar(2, 500, 1000)], 0)

    assert drawn is not None
    assert (drawn.lanes, drawn.height) == (1, 6)
    assert drawn.shapes == [Shape("tool", "M0 1h500v4H0zM500 1h500v4H500z")]


def test_parallel_calls_lie_side_by_side() -> None:
    """What overlaps in time has a lane of its own, the first that is free."""
    drawn = strip([bar(1, 0, 600), bar(2, 500, 1000), bar(3, 700, 1000)], 0)

    assert drawn is not None
    assert drawn.lanes == 2
    assert drawn.shapes == [Shape("tool", "M0 1h600v4H0zM500 7h500v4H500zM700 1h300v4H700z")]


def test_sub_agents_lie_below() -> None:
    """Each has lanes of its own on a ground; two at different times share them."""
    bars = [
        bar(1, 0, 1000, trace_type="agent"),
        bar(2, 100, 200, agent_id="a"),
        bar(3, 600, 900, agent_id="b"),
    ]

    drawn = strip(bars, 0)

    assert drawn is not None
    assert drawn.lanes == 2
    assert drawn.agents == "M100 6h100v6H100zM600 6h300v6H600z"


def test_sub_agents_at_one_time_are_apart() -> None:
    """The lanes of one do not mix with another's."""
    bars = [bar(1, 0, 1000, agent_id="a"), bar(2, 100, 900, agent_id="b")]

    drawn = strip(bars, 0)

    assert drawn is not None
    assert (drawn.lanes, drawn.agents) == (2, "M0 0h1000v6H0zM100 6h800v6H100z")


def test_failures_have_a_colour() -> None:
    """An error is seen in the picture, whatever its type."""
    drawn = strip([bar(1, 0, 1000, trace_type="mcp", status="error")], 0)

    assert drawn is not None
    assert [shape.colour for shape in drawn.shapes] == ["failed"]


def test_what_runs_reaches_until_now() -> None:
    """The end of a running step is the time of the picture."""
    drawn = strip([bar(1, 0, 0, status="running"), bar(2, 500, 600)], 1000)

    assert drawn is not None
    assert drawn.shapes[0].path.startswith("M0 1h1000v4H0z")


def test_a_crowd_shares_the_last_lane() -> None:
    """The picture does not grow with the number of parallel calls."""
    drawn = strip([bar(number, 0, 1000 + number) for number in range(1, 50)], 0)

    assert drawn is not None
    assert drawn.lanes == LANES_MAX


def test_a_long_session_is_small() -> None:
    """Steps finer than the picture are drawn once; a dense one stays quick and short."""
    bars = [bar(number, number * 10, number * 10 + 5) for number in range(20_000)]
    began = time.monotonic()

    drawn = strip(bars, 0)

    assert drawn is not None
    assert sum(len(shape.path) for shape in drawn.shapes) < 40_000
    assert time.monotonic() - began < 10
