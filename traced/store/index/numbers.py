"""
How the numbers of the sequence, which ids and revisions come from, are cut into pieces.

Law: pieces are ranges of numbers, not of time: a piece has a bounded number of steps however busy
an hour was, and lies together in the database, which has no index by time.
"""

from typing import Final, NamedTuple

# A block's steps are counted in some 20 ms, by the background or by whoever finds it not counted.
BLOCK_BITS: Final = 14
# Four blocks: the words of a volume that begin with one letter are gone through in 20 ms.
VOLUME_BITS: Final = 16
# Four extents make one of the next level, so that any range is at most three extents of each level.
SPAN_BITS: Final = 2


class Range(NamedTuple):
    """Numbers from `first` to `last`, both included; none if `last` is lower."""

    first: int
    last: int


def block(number: int) -> Range:
    """Return the ids of a block; the same numbers are its revisions."""
    return Range(number << BLOCK_BITS, (number + 1 << BLOCK_BITS) - 1)


def volume(number: int) -> Range:
    """Return the revisions of a volume."""
    return Range(number << VOLUME_BITS, (number + 1 << VOLUME_BITS) - 1)
