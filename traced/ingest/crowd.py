"""
Bytes that several senders hold, with one bound on all of them together.

Law: above the bound it is the turn of one only, the one that has held on longest; so whoever waits
for the others to let go, waits for somebody who can.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Holder = TypeVar("Holder", bound=Hashable)


class Crowd(Generic[Holder]):
    """Who holds how many bytes; iterates over the holders, the oldest first."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held: OrderedDict[Holder, int] = OrderedDict()  # the oldest first
        self.bytes = 0

    def __iter__(self) -> Iterator[Holder]:
        return iter(self._held)

    @property
    def oldest(self) -> Holder | None:
        """Whose turn it is while there is a crowd; None while there is none."""
        return next(iter(self._held), None) if self.bytes > self._bytes_max else None

    @property
    def is_half_gone(self) -> bool:
        """Whether so few bytes are held that it takes a while until there is a crowd again."""
        return self.bytes <= self._bytes_max // 2

    def hold(self, holder: Holder, held: int, *, anew: bool = False) -> None:
        """Note how many bytes it holds now; `anew` if none of them were held before."""
        self.bytes += held - self._held.get(holder, 0)
        if not held:
            self._held.pop(holder, None)
        else:
            self._held[holder] = held
            if anew:
                self._held.move_to_end(holder)
