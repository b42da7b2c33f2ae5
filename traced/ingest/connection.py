"""
One client: its bytes in, its answers out.

Law: a client that asked for no answer is never written to, one that does not read its answers is
not read from; and whatever goes wrong with one ends that one, with a line in the log.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

import structlog

from traced.core.event import Outcome
from traced.core.fault import fault
from traced.core.protocol import Protocol as LineProtocol
from traced.core.wire import Control, Item
from traced.ingest.inlet import READ_BYTES_MAX, Inlet
from traced.ingest.intake import Intake, Submission
from traced.ingest.outlet import Outlet
from traced.ingest.replies import Page, Replies, asked, is_torn
from traced.ingest.traffic import Traffic
from traced.ingest.visit import VISIT_BYTES_MAX

# Of lines of two bytes 64 KiB hold 32,000, which take half a second to be rejected, while the
# others wait. So each client is read only as much at a time as is made out in some milliseconds.
READ_BYTES_MIN: Final = 1024
READ_SECONDS_AIM: Final = 0.01
# The longest control line that is looked for while nobody may be read.
AHEAD_BYTES: Final = 1024
# Answers that one client may be owed before it is not read from; 8,000 in flight is a fast client.
ACKS_OWED_MAX: Final = 16_384

# What a client that does not read its answers can hold up a stop.
UNREAD_SECONDS_MAX: Final = 1.0

Result = TypeVar("Result")

log = structlog.get_logger()


class Host(Protocol):
    """What a connection needs of the house around it."""

    intake: Intake
    traffic: Traffic
    submission_events_max: int

    def answer_control(self, uid: int | None, control: Control, settled: int) -> bytes:
        """Return the line that answers a control line."""

    def was_read(self, connection: "Connection") -> None:
        """Take note that bytes came from it."""

    def answers_wait(self, connection: "Connection", held: int) -> None:
        """Weigh the answers that it does not read."""

    def was_closed(self, connection: "Connection") -> None:
        """Forget it."""


class Connection:
    """A connected client; lives until it has said all and been told all."""

    def __init__(
        self, sock: socket.socket, uid: int | None, protocol: LineProtocol, host: Host
    ) -> None:
        self._sock = sock
        self._uid = uid
        self._protocol = protocol
        self._host = host
        self._replies = Replies(partial(host.answer_control, uid))
        self._loop = asyncio.get_running_loop()
        self._inlet = Inlet(sock)
        self._outlet = Outlet(sock, partial(self._guarded, self._go_on))
        self._read_bytes = VISIT_BYTES_MAX
        self._reading = False
        self._held_back = False
        self._ended = False
        self._closed = False
        self._stopping = False
        self._is_new = True  # nothing came from it yet

    @property
    def is_amid(self) -> bool:
        """Whether more is on its way: it has said nothing yet, or half a line."""
        return self._is_new or self._protocol.partial_bytes > 0

    @property
    def pending(self) -> bool:
        """Whether lines of it wait for the writer."""
        return self._replies.pending

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of it wait in the kernel."""
        return 0 if self._ended else self._inlet.waiting_bytes

    @property
    def is_full(self) -> bool:
        """Whether so much of it waits in the kernel that its client cannot send more."""
        return not self._ended and self._inlet.is_full

    def is_idle(self) -> bool:
        """Tell whether closing it loses nothing that it sent; what has just come is read first."""
        if self.pending or self._held_back:
            return False
        if self._ended or self._outlet.kept_bytes:
            return True
        return not (self.read() if self._host.traffic.may_read(self) else self.waiting_bytes)

    def read(self) -> int:
        """Read once; return how many bytes came: none if none wait or it has ended."""
        return self._guarded(lambda: self._read(self._read_bytes)) or 0

    def take(self, data: bytes) -> None:
        """Take bytes that were read for it; none if it has ended."""
        self._guarded(lambda: self._take(data))

    def resume(self) -> None:
        """Be read from now on, or again after the traffic held it back."""
        self._held_back = False
        self._guarded(self._update_reading)

    def reject_partial(self) -> None:
        """Read no more and reject an unfinished line; the rest is settled and answered."""
        self._guarded(lambda: self._end(self._protocol.give_up()))

    def finish(self) -> None:
        """
        Read no more, for the daemon stops; who does not read the answers holds up nothing.

        An unfinished line is rejected unless its sender keeps it until it is acked.
        """
        self._stopping = True
        self._guarded(
            lambda: self._end([item for item in self._protocol.give_up() if not asked(item)])
        )

    def close(self) -> None:
        """Close at once, whatever was not sent yet."""
        if self._closed:
            return
        self._closed = self._ended = True
        self._reading = False
        self._loop.remove_reader(self._sock.fileno())
        self._outlet.close()
        self._sock.close()
        self._host.was_closed(self)

    def _guarded(self, step: Callable[[], Result]) -> Result | None:
        """Take a step of this client alone: what it raises, ends this client alone."""
        try:
            return step()
        except Exception as error:  # noqa: BLE001  # an error of ours must not reach the others
            log.error("connection_failed", error=fault(error))  # noqa: TRY400  # its text is a client's
            self.close()
            return None

    def _read(self, bytes_max: int) -> int:
        if self._ended:
            return 0
        data = self._inlet.take(bytes_max)
        return 0 if data is None else self._take(data)

    def _take(self, data: bytes) -> int:
        if not data:
            self._end([item for item in self._protocol.receive_eof() if not is_torn(item)])
            return 0
        self._is_new = False
        self._host.was_read(self)
        began = time.thread_time()
        items = self._protocol.receive_data(data)
        self._submit(items)
        self._aim(len(data), time.thread_time() - began)
        self._weigh_partial(anew=self._protocol.lines_bytes > 0)
        self._update_reading()
        return len(data)

    def _aim(self, count: int, seconds: float) -> None:
        """Adjust how much is read next time to how long these bytes and their answers took."""
        if seconds > READ_SECONDS_AIM:
            self._read_bytes = max(READ_BYTES_MIN, int(count * READ_SECONDS_AIM / seconds))
        elif count == self._read_bytes:
            self._read_bytes = min(READ_BYTES_MAX, 2 * count)

    def _readable(self) -> None:
        traffic = self._host.traffic
        if traffic.may_read(self):
            self.read()
        elif not (self._read_lines() if traffic.may_read_lines() else self._read_ahead()):
            self._held_back = True
            self._update_reading()
            traffic.hold_back(self)

    def _read_lines(self) -> bool:
        """Read no further than to the end of a line, or to its own; return if one was there."""
        seen = self._inlet.look(READ_BYTES_MAX)
        if seen is None:
            return True
        lines_bytes = seen.rfind(b"\n", 0, self._read_bytes) + 1 or seen.find(b"\n") + 1
        if seen and not lines_bytes:
            return False
        self._read(lines_bytes or self._read_bytes)
        return True

    def _read_ahead(self) -> bool:
        """Take control lines if nothing of this client waits before them; tell whether so."""
        if self.pending or self._protocol.partial_bytes:
            return False
        ahead = self._inlet.look(AHEAD_BYTES)
        if ahead is None:
            return True
        if not ahead:
            self._end([])
            return True
        lines = ahead[: ahead.rfind(b"\n") + 1]
        if b'"control"' not in lines:
            return False
        items = self._protocol.receive_data(lines)
        if not all(isinstance(item, Control) for item in items):
            return False
        self._inlet.take(len(lines))
        self._submit(items)
        return True

    def _submit(self, items: Sequence[Item]) -> None:
        for start in range(0, len(items), self._host.submission_events_max):
            some = items[start : start + self._host.submission_events_max]
            page = self._replies.expect(some)
            records = [item for item in some if not isinstance(item, Control)]
            if records:
                self._host.intake.put(
                    Submission(
                        records,
                        self._protocol.lines_bytes * len(some) // len(items),
                        time.time_ns() // 1_000_000,
                        self._uid,
                        partial(self._settle, page),
                        awaited=self._replies.owed > 0,
                    )
                )
        self._answer()

    def _settle(self, page: Page, outcomes: Sequence[Outcome]) -> None:
        self._replies.settle(page, outcomes)
        self._guarded(self._answer)

    def _answer(self) -> None:
        answers = self._replies.ready()
        if self._closed:
            return
        if answers:
            self._outlet.send(answers)
        self._go_on()

    def _go_on(self) -> None:
        self._host.answers_wait(self, self._outlet.kept_bytes)
        if self._closed:  # for its sender is the one that has not read for longest
            return
        self._update_reading()
        if not self._ended or self.pending:
            return
        if not self._outlet.kept_bytes:
            self.close()
        elif self._stopping:
            self._stopping = False
            self._loop.call_later(UNREAD_SECONDS_MAX, self.close)

    def _update_reading(self) -> None:
        """Watch the socket for what it brings, or leave that in the kernel."""
        wanted = (
            not (self._ended or self._outlet.kept_bytes or self._held_back)
            and self._replies.owed < ACKS_OWED_MAX
        )
        if wanted and not self._reading:
            self._loop.add_reader(self._sock.fileno(), self._guarded, self._readable)
        elif self._reading and not wanted:
            self._loop.remove_reader(self._sock.fileno())
        self._reading = wanted

    def _weigh_partial(self, *, anew: bool) -> None:
        if not self._closed:
            held = self._protocol.partial_bytes
            self._host.traffic.partial_changed(self, held, anew=anew)

    def _end(self, items: Sequence[Item]) -> None:
        if self._ended:
            return
        self._ended = True
        self._weigh_partial(anew=False)
        self._submit(items)
