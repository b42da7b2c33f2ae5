"""
Bytes that several senders hold, with one bound on all of them together.

Law: above the bound it is the turn of one only, the one that has held on longest; so whoever waits
for the others to let go, waits for somebody who can.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Holder = TypeVar("Holder", bound=Hashable)


class Crowd(Generic[Holder]):
    """Who holds how many bytes; `turn` counts how often the oldest of them became another one."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held: OrderedDict[Holder, int] = OrderedDict()  # the oldest first
        self.bytes = 0
        self.turn = 0

    @property
    def oldest(self) -> Holder | None:
        """Whose turn it is while there is a crowd; None while there is none."""
        return next(iter(self._held), None) if self.bytes > self._bytes_max else None

    def hold(self, holder: Holder, held: int, *, anew: bool = False) -> None:
        """Take note that it now holds so many bytes; `anew` if none of them is of those before."""
        first = next(iter(self._held), None)
        self.bytes += held - self._held.get(holder, 0)
        if not held:
            self._held.pop(holder, None)
        else:
            self._held[holder] = held
            if anew:
                self._held.move_to_end(holder)
        if next(iter(self._held), None) is not first or (anew and holder is first):
            self.turn += 1
