"""
Lanes of a timeline: who ran, and beside each other what ran at once.

Law: on one lane nothing overlaps in part, which viewers of traces cannot draw; a lane is taken by
the first that fits behind what is on it. Lanes grow with what ran side by side, or came out of
order, up to a bound for each owner. The numbers of one owner's lanes follow each other, for
Perfetto draws lanes in the order of their numbers and looks at no other wish.
"""

from typing import Final, NamedTuple

# What begins before the end of so many others is drawn over one of them.
LANES_MAX: Final = 64
# Beyond LANES_MAX, and easy on the eye: a viewer shows them.
NUMBERS_EACH: Final = 100


class Lane(NamedTuple):
    """A lane, and whether it has just been opened; `place` is 0 for its owner's first."""

    number: int
    place: int
    is_new: bool


class Lanes:
    """Gives out the lanes of one session; their numbers begin above `last_number`."""

    def __init__(self, last_number: int) -> None:
        self.last_number = last_number
        self._ends: dict[str, list[float]] = {}
        self._firsts: dict[str, int] = {}

    def reserve(self, owner: str) -> None:
        """Give `owner` its numbers now: its lanes stand above those of whoever comes later."""
        if owner not in self._firsts:
            self._firsts[owner] = self.last_number + 1
            self._ends[owner] = []
            self.last_number += NUMBERS_EACH

    def take(self, owner: str, start: float, end: float) -> Lane:
        """Return the lane on which `owner` has something from `start` to `end`."""
        self.reserve(owner)
        ends = self._ends[owner]
        free = (place for place, last in enumerate(ends) if last <= start)
        place = next(free, None)
        is_new = place is None and len(ends) < LANES_MAX
        if is_new:
            ends.append(end)
            place = len(ends) - 1
        elif place is None:
            place = LANES_MAX - 1
        ends[place] = max(ends[place], end)
        return Lane(self._firsts[owner] + place, place, is_new)
