"""Lanes of a timeline."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from traced.export.lanes import LANES_MAX, NUMBERS_EACH, Lanes


def numbers(*ran: tuple[int, int]) -> list[int]:
    """Return the lane that each of one owner's things gets."""
    lanes = Lanes(0)
    return [lanes.take("main", start, end).number for start, end in ran]


def test_what_ran_after_each_other_shares_a_lane() -> None:
    """The next may begin in the moment in which the one before ended."""
    assert numbers((0, 5), (5, 7), (7, 7), (7, 9)) == [1, 1, 1, 1]


def test_what_ran_at_once_lies_side_by_side() -> None:
    """A lane that is free again is taken again."""
    assert numbers((0, 5), (1, 3), (2, 4), (3, 6), (6, 7)) == [1, 2, 3, 2, 1]


def test_owners_never_share_a_lane() -> None:
    """Each has a hundred numbers of its own, in the order in which they came or were reserved."""
    lanes = Lanes(10)
    lanes.reserve("main")
    found = [lanes.take(owner, 0, 1) for owner in ("a1", "main", "a1", "main")]

    assert [(lane.number, lane.place, lane.is_new) for lane in found] == [
        (111, 0, True),
        (11, 0, True),
        (112, 1, True),
        (12, 1, True),
    ]
    assert lanes.last_number == 210


def test_lanes_are_bounded() -> None:
    """A thousand calls at once are drawn on as many lanes as can be seen, and no memory is lost."""
    found = numbers(*[(0, 5)] * 1000)

    assert max(found) == LANES_MAX < NUMBERS_EACH


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10)), max_size=LANES_MAX))
def test_nothing_overlaps_on_one_lane(ran: list[tuple[int, int]]) -> None:
    """In whatever order it is told."""
    lanes = Lanes(0)
    taken: dict[int, list[tuple[int, int]]] = {}
    for start, length in ran:
        lane = lanes.take("main", start, start + length)
        taken.setdefault(lane.number, []).append((start, start + length))

    for spans in taken.values():
        assert all(one[1] <= other[0] for one, other in pairwise(spans))
