"""
Bytes in, complete lines out, with a bound on what one line may hold.

Law: memory is bounded by the longest line allowed and the bytes of one call, whatever arrives; and
each byte is looked at a constant number of times, however the bytes were cut on their way.
"""

from traced.core.long_line import LongLine


class LineSplitter:
    """Holds the unfinished line of one connection."""

    __slots__ = ("_bytes_max", "_long", "_partial")

    def __init__(self, line_bytes_max: int) -> None:
        self._bytes_max = line_bytes_max
        self._partial = bytearray()
        self._long: LongLine | None = None

    @property
    def partial_bytes(self) -> int:
        """How many bytes of the unfinished line are held."""
        return len(self._partial) if self._long is None else self._long.held_bytes

    def feed(self, data: bytes) -> list[bytes | LongLine]:
        r"""
        Take bytes; return the lines they complete, in order.

        Each bytes object holds one or more lines, each ending in ``\n``.
        """
        end = data.rfind(b"\n") + 1
        if not end:
            self._hold(data)
            return []
        complete, rest = data[:end], data[end:]
        lines: list[bytes | LongLine] = []
        if self._long is not None:
            newline = complete.index(b"\n")
            lines.append(self._end_long(self._long, complete[:newline]))
            complete = complete[newline + 1 :]
        elif self._partial:
            complete = b"".join((self._partial, complete))
            self._partial = bytearray()
        lines.extend(self._bounded(complete))
        if rest:
            self._hold(rest)
        return lines

    def finish(self) -> bytes | LongLine | None:
        """Take what is held for a last line without newline; None if nothing is held."""
        if self._long is not None:
            return self._end_long(self._long, b"")
        line, self._partial = bytes(self._partial), bytearray()
        return line or None

    def _hold(self, data: bytes) -> None:
        if self._long is not None:
            self._long.add(data)
            return
        self._partial += data
        if len(self._partial) > self._bytes_max:
            self._long = LongLine(self._partial)
            self._partial = bytearray()

    def _end_long(self, long: LongLine, data: bytes) -> LongLine:
        long.add(data)
        self._long = None
        return long

    def _bounded(self, lines: bytes) -> list[bytes | LongLine]:
        """Set lines that are too long apart from those around them."""
        if len(lines) <= self._bytes_max:
            return [lines] if lines else []
        return [
            line + b"\n" if len(line) <= self._bytes_max else LongLine(line)
            for line in lines.split(b"\n")[:-1]
        ]
