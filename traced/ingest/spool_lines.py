"""
The lines of an open file of the spool, a few at a time.

Law: nothing is held from one call to the next: each begins at the offset of a line and ends at that
of another, and takes at most so many lines, or one line however long.
"""

import os
import re
from typing import Final, NamedTuple

from traced.core.event import Rejected
from traced.core.protocol import Protocol
from traced.core.wire import Item
from traced.ingest.spool_file import READ_BYTES

# Whatever the protocol refuses for its version holds this; so may what it takes (a member of that
# name further inside), which is why the protocol has the last word.
_SUSPECT: Final = re.compile(rb'"(?:v|\\u0076)"[ \t\r]*:[ \t\r]*(?:[2-9]|1[0-9])')


class Budget:
    """What may still be read before others have their turn; what is read last may exceed it."""

    def __init__(self, events: int, size: int) -> None:
        self._events = events
        self._bytes = size

    def lasts(self) -> bool:
        """Whether more may be read."""
        return self._events > 0 and self._bytes > 0

    def spend(self, events: int, size: int) -> None:
        """Count what was read: the lines that were decoded, and the bytes that they took."""
        self._events -= events
        self._bytes -= size


class Step(NamedTuple):
    """What some lines hold, what they weigh in memory, and the offset of the line behind them."""

    items: list[Item]
    size: int
    offset: int


class Lines:
    """The lines of a file of `file_bytes` bytes; those of a file that shrinks end where it ends."""

    def __init__(self, descriptor: int, file_bytes: int, protocol: Protocol) -> None:
        self._descriptor = descriptor
        self._file_bytes = file_bytes
        self._protocol = protocol

    def read_all(self, lines_max: int) -> Step | None:
        """Return what the file holds; None if that is more than one step."""
        if self._file_bytes > READ_BYTES:
            return None
        data = self._data(0)
        if data.count(b"\n") + (not data.endswith(b"\n")) > lines_max:
            return None
        items = self._protocol.receive_data(data)
        size = self._protocol.lines_bytes
        items += self._protocol.receive_eof()
        return Step(items, size + self._protocol.lines_bytes, self._file_bytes)

    def read(self, offset: int, lines_max: int) -> Step:
        """Return what the next lines hold, from the offset of the first of them on."""
        data = self._data(offset)
        end = _end_of_lines(data, lines_max)
        if not end:
            return self._read_one(offset, data)
        items = self._protocol.receive_data(data[:end])
        return Step(items, self._protocol.lines_bytes, offset + end)

    def look_through(self, offset: int, budget: Budget) -> int | None:
        """
        Look for a line of a later version, as far as the budget goes; return None if there is one.

        Otherwise the offset to go on from; nothing is kept of the lines before it. Only a line that
        looks suspect is decoded, so that this takes a fifth of the time of reading.
        """
        while budget.lasts() and offset < self._file_bytes:
            data = self._data(offset)
            whole = data.rfind(b"\n") + 1
            if not whole:
                step = self._read_one(offset, data)
                budget.spend(1, step.offset - offset)
                if is_later(step.items):
                    return None
                offset = step.offset
                continue
            end = 0
            while budget.lasts() and (found := _SUSPECT.search(data, end, whole)):
                start = data.rfind(b"\n", 0, found.start()) + 1
                end = data.index(b"\n", found.end()) + 1
                budget.spend(1, 0)
                if is_later(self._protocol.receive_data(data[start:end])):
                    return None
            looked = whole if budget.lasts() else end
            budget.spend(0, looked)
            offset += looked
        return offset

    def _data(self, offset: int) -> bytes:
        return os.pread(self._descriptor, min(READ_BYTES, self._file_bytes - offset), offset)

    def _read_one(self, offset: int, data: bytes) -> Step:
        """Read the line that `data` begins and does not end, which may be the last."""
        while data:
            end = data.find(b"\n") + 1
            items = self._protocol.receive_data(data[:end] if end else data)
            offset += end or len(data)
            if end:
                return Step(items, self._protocol.lines_bytes, offset)
            data = self._data(offset)
        items = self._protocol.receive_eof()
        return Step(items, self._protocol.lines_bytes, self._file_bytes)


def is_later(items: list[Item]) -> bool:
    """Tell whether one of these is a line of a later version of the protocol."""
    return any(isinstance(item, Rejected) and item.reason == "version" for item in items)


def _end_of_lines(data: bytes, lines_max: int) -> int:
    """Return where the last of the first `lines_max` lines ends, 0 if none does."""
    # Counting the newlines first costs 0.5 ms where there is nothing else, 15 times as much.
    return len(data) - len(data.split(b"\n", lines_max)[-1])
