"""
A line that is too long to be held: its start, its end and its length.

Law: what is held is bounded, and depends on the line alone, not on how its bytes arrived.
"""

from typing import Final

from traced.core.rejections import HEAD_BYTES_KEPT, SECRET_BYTES_MAX, TAIL_BYTES_KEPT

_HEAD_BYTES: Final = HEAD_BYTES_KEPT + SECRET_BYTES_MAX
_TAIL_BYTES: Final = TAIL_BYTES_KEPT + SECRET_BYTES_MAX


class LongLine:
    """Holds the start and the end of a line that goes on, and counts its bytes."""

    __slots__ = ("_head", "_tail", "length")

    def __init__(self, data: bytes | bytearray) -> None:
        self._head = bytes(data[:_HEAD_BYTES])
        self._tail = bytearray(data[-_TAIL_BYTES:])
        self.length = len(data)

    @property
    def head(self) -> bytes:
        """The line's first bytes."""
        return self._head

    @property
    def tail(self) -> bytes:
        """The line's last bytes so far."""
        return bytes(self._tail[-_TAIL_BYTES:])

    @property
    def held_bytes(self) -> int:
        """How many bytes are held; at most 54 KiB."""
        return len(self._head) + len(self._tail)

    def add(self, data: bytes) -> None:
        """Take more bytes of the line."""
        self.length += len(data)
        if len(self._head) < _HEAD_BYTES:
            self._head += data[: _HEAD_BYTES - len(self._head)]
        self._tail += data[-_TAIL_BYTES:]
        if len(self._tail) > 2 * _TAIL_BYTES:  # rarely enough to keep the cost linear
            del self._tail[:-_TAIL_BYTES]
