"""
The socket protocol without a socket: bytes in, items out.

Law: a bad line costs that line. Whatever bytes arrive, and however they are cut on their way, the
same items come out in the order of the lines, and no error is raised.
"""

from typing import Final

from traced.core.decode import LineDecoder
from traced.core.event import Rejected
from traced.core.lines import LineSplitter
from traced.core.long_line import LongLine
from traced.core.rejections import RawCapture, Rejections
from traced.core.salvage import salvage
from traced.core.wire import LINE_BYTES_MAX, Item, TooLong

ITEM_BYTES: Final = 1024
"""
What an item takes beside its line: decoded 90 to 400 bytes, 1200 with every field set, and as much
again once it is translated (measured).
"""


class Protocol:
    """
    The receiving side of one connection, or of one spool file.

    `lines_bytes` is what the lines that the last call completed weigh in memory, for whoever queues
    their items: their bytes, and `ITEM_BYTES` for each item.
    """

    __slots__ = ("_decoder", "_line_bytes_max", "_rejections", "_splitter", "lines_bytes")

    def __init__(
        self,
        capture: RawCapture,
        *,
        line_bytes_max: int = LINE_BYTES_MAX,
    ) -> None:
        self._rejections = Rejections(capture)
        self._decoder = LineDecoder(self._rejections)
        self._splitter = LineSplitter(line_bytes_max)
        self._line_bytes_max = line_bytes_max
        self.lines_bytes = 0

    @property
    def partial_bytes(self) -> int:
        """How many bytes of the unfinished line are held."""
        return self._splitter.partial_bytes

    def receive_data(self, data: bytes) -> list[Item]:
        """
        Take bytes; return what the lines they complete hold, in order.

        An unfinished last line is held for the next call. A line that grows beyond
        `line_bytes_max` is no longer held, and returned as `TooLong` at its newline.
        """
        return self._items(self._splitter.feed(data))

    def receive_eof(self) -> list[Item]:
        """Take the unfinished line for a whole one, as the sender has closed its side."""
        line = self._splitter.finish()
        return self._items([] if line is None else [line])

    def give_up(self) -> list[Item]:
        """Reject the unfinished line, as its sender took too long or went away."""
        held = self.partial_bytes
        line = self._splitter.finish()
        self.lines_bytes = 0 if line is None else held + ITEM_BYTES
        if line is None:
            return []
        if isinstance(line, LongLine):
            return [TooLong(self._too_long(line), None)]
        detail = f"line without a newline after {len(line)} bytes, expected one in time"
        return [self._rejections.reject("incomplete", detail, line)]

    def _items(self, lines: list[bytes | LongLine]) -> list[Item]:
        self.lines_bytes = 0
        items: list[Item] = []
        for line in lines:
            if isinstance(line, LongLine):
                items.append(TooLong(self._too_long(line), salvage(line)))
                self.lines_bytes += line.held_bytes
            else:
                items += self._decoder.decode(line)
                self.lines_bytes += len(line)
        self.lines_bytes += ITEM_BYTES * len(items)
        return items

    def _too_long(self, line: LongLine) -> Rejected:
        return self._rejections.reject_long(
            f"line is {line.length} bytes long, expected at most {self._line_bytes_max}",
            line.head,
            line.tail,
            line.length,
        )
