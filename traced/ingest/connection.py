"""
One client: its bytes in, its answers out.

Law: answers go in the order of the lines; a client that does not read its answers is not read
from; a client that asked for none is never written to.
"""

import asyncio
import socket
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol

from msgspec import Struct

from traced.core.answers import encode_ack
from traced.core.event import Outcome, Rejected
from traced.core.protocol import Protocol as LineProtocol
from traced.core.wire import Control, HookPayload, Item, TooLong
from traced.ingest.intake import Intake, Record, Submission

READ_BYTES: Final = 256 * 1024
# Answers that one client may be owed before it is not read from; 8,000 in flight is a fast client.
ACKS_OWED_MAX: Final = 16_384

# One buffer for all: reads happen one after the other, and a buffer of this size for each
# connection cost ten times as much where every connection sends one event.
_BUFFER: Final = memoryview(bytearray(READ_BYTES))


class Host(Protocol):
    """What a connection needs of the house around it."""

    intake: Intake

    def answer_control(self, control: Control, uid: int | None, settled: int) -> bytes:
        """Return the line that answers a control line."""

    def may_read(self, connection: "Connection") -> bool:
        """Tell whether there is room for what this connection would bring."""

    def was_read(self, connection: "Connection") -> None:
        """Take note that bytes came from it."""

    def partial_changed(self, bytes_more: int) -> None:
        """Weigh the unfinished lines: one of them grew by so many bytes, or shrank."""

    def was_closed(self, connection: "Connection") -> None:
        """Forget it."""


class _Page(Struct):
    """The lines of one read: which are owed an answer, and their outcomes once they have them."""

    slots: Sequence[bool | Control]
    outcomes: Sequence[Outcome] | None


class Connection:
    """A connected client; lives until it has said all and been told all."""

    def __init__(self, sock: socket.socket, uid: int | None, protocol: LineProtocol, host: Host) -> None:
        self.uid = uid
        self.protocol = protocol
        self.partial_since: float | None = None
        self._sock = sock
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._pages: deque[_Page] = deque()
        self._acks_owed = 0
        self._settled = 0
        self._unsent = b""
        self._partial_bytes = 0
        self._reading = False
        self._ended = False
        self._closed = False

    @property
    def idle(self) -> bool:
        """Whether nothing of it waits anywhere: closing it loses nothing."""
        return not self._pages and not self._unsent and not self._partial_bytes

    def read(self) -> bool:
        """Read once; return whether there may be more to read right away."""
        try:
            count = self._sock.recv_into(_BUFFER)
        except BlockingIOError:
            self.update_reading()
            return False
        except OSError:  # the client went away without a word
            count = 0
        if count == 0:
            self._end([item for item in self.protocol.receive_eof() if not _is_torn(item)])
            return False
        self._host.was_read(self)
        self._submit(self.protocol.receive_data(bytes(_BUFFER[:count])))
        self._note_partial(self.protocol.partial_bytes)
        self.update_reading()
        return self._reading

    def give_up(self) -> None:
        """Stop reading: an unfinished line is rejected, the rest is settled and answered."""
        self._end(self.protocol.give_up())

    def update_reading(self) -> None:
        """Read from the socket if there is room for what it brings, else leave it to wait."""
        wanted = (
            not self._ended
            and not self._unsent
            and self._acks_owed < ACKS_OWED_MAX
            and self._host.may_read(self)
        )
        if wanted and not self._reading:
            self._loop.add_reader(self._sock.fileno(), self.read)
        elif self._reading and not wanted:
            self._loop.remove_reader(self._sock.fileno())
        self._reading = wanted

    def close(self) -> None:
        """Close at once, whatever was not sent yet."""
        if self._closed:
            return
        self._closed = self._ended = True
        self._note_partial(0)
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._sock.close()
        self._host.was_closed(self)

    def _end(self, items: Sequence[Item]) -> None:
        if self._ended:
            return
        self._ended = True
        self._note_partial(0)
        self._submit(items)
        self.update_reading()
        self._close_when_done()

    def _note_partial(self, held: int) -> None:
        if held == self._partial_bytes:
            return
        more, self._partial_bytes = held - self._partial_bytes, held
        if not held:
            self.partial_since = None
        elif self.partial_since is None:
            self.partial_since = time.monotonic()
        self._host.partial_changed(more)

    def _submit(self, items: Sequence[Item]) -> None:
        records: list[Record] = []
        slots: list[bool | Control] = []
        for item in items:
            if isinstance(item, Control):
                slots.append(item)
            else:
                records.append(item)
                slots.append(_wants_ack(item))
        if not slots:
            return
        page = _Page(slots, None if records else ())
        self._pages.append(page)
        self._acks_owed += sum(1 for slot in slots if slot)
        if records:
            self._host.intake.put(
                Submission(
                    records,
                    self.protocol.lines_bytes,
                    time.time_ns() // 1_000_000,
                    self.uid,
                    partial(self._settle, page),
                )
            )
        else:
            self._answer()

    def _settle(self, page: _Page, outcomes: Sequence[Outcome]) -> None:
        page.outcomes = outcomes
        self._answer()

    def _answer(self) -> None:
        answers: list[bytes] = []
        while self._pages and (outcomes := self._pages[0].outcomes) is not None:
            following = iter(outcomes)
            for slot in self._pages.popleft().slots:
                if isinstance(slot, Control):
                    answers.append(self._host.answer_control(slot, self.uid, self._settled))
                    self._acks_owed -= 1
                    continue
                self._settled += 1
                outcome = next(following)
                if slot:
                    answers.append(encode_ack(outcome))
                    self._acks_owed -= 1
        if self._closed:
            return
        if answers:
            self._unsent += b"".join(answers)
            self._send()
        self.update_reading()
        self._close_when_done()

    def _send(self) -> None:
        try:
            sent = self._sock.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:  # nobody is there to be told; what was stored stays stored
            self._unsent = b""
            sent = 0
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self._loop.add_writer(self._sock.fileno(), self._send_on)

    def _send_on(self) -> None:
        self._loop.remove_writer(self._sock.fileno())
        self._send()
        self.update_reading()
        self._close_when_done()

    def _close_when_done(self) -> None:
        if self._ended and not self._pages and not self._unsent:
            self.close()


def _wants_ack(record: Record) -> bool:
    if isinstance(record, HookPayload):
        return False
    return record.rejected.ack if isinstance(record, TooLong) else record.ack


def _is_torn(item: Item) -> bool:
    """Tell whether a last line was cut off on its way by a client that keeps it until it is acked.

    The hook client does that at its deadline, with the whole event in its spool.
    """
    return isinstance(item, Rejected) and item.ack and item.reason == "not_json"
