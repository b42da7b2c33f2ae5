"""
The socket: clients are accepted in bulk, read as traffic allows, and drained at the end.

Law: above `connections_max` the longest idle one is closed, and where none is idle nobody more is
accepted: what a client has sent is never thrown away to make room for another one.
"""

import asyncio
import errno
import math
import socket
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import anyio
import anyio.lowlevel
import structlog
from msgspec import Struct

from traced.core.fault import fault
from traced.core.protocol import Protocol
from traced.core.wire import Control
from traced.ingest.connection import Connection
from traced.ingest.crowd import Crowd
from traced.ingest.endpoint import remove_socket
from traced.ingest.intake import Intake
from traced.ingest.peer import peer_uid
from traced.ingest.traffic import Traffic
from traced.ingest.visit import Words, first_words, visit

# What the kernel keeps of those who connect and were not accepted yet; more is cut to somaxconn.
BACKLOG: Final = 4096
ACCEPTS_A_TURN: Final = 64
# After nobody more could be accepted: time for some connections to end.
ACCEPT_PAUSE_SECONDS: Final = 0.1
# Of answers that clients do not read; 190,000 acks.
UNREAD_BYTES_MAX: Final = 32 * 1024 * 1024
DRAIN_POLL_SECONDS: Final = 0.01
# Between connecting, sending and ending its line a client can lose its turn on the processor.
LAST_WORDS_SECONDS: Final = 0.5

log = structlog.get_logger()


class Limits(Struct, frozen=True):
    """The bounds of SPEC 3 that concern connections."""

    connections_max: int
    partial_bytes_max: int
    partial_seconds_max: float
    submission_events_max: int


class Listener:
    """
    Serves one listening socket until it is drained.

    `new_protocol` makes the protocol of a connection; `answer` answers a control line, given who
    asks and how many events of that connection are settled; `allowed` tells whether a uid may send.
    """

    def __init__(
        self,
        intake: Intake,
        limits: Limits,
        new_protocol: Callable[[], Protocol],
        answer: Callable[[int | None, Control, int], bytes],
        allowed: Callable[[int | None], bool],
    ) -> None:
        self.intake = intake
        self.traffic = Traffic(intake, limits.partial_bytes_max, limits.partial_seconds_max)
        self.submission_events_max = limits.submission_events_max
        self.answer_control = answer
        self._connections_max = limits.connections_max
        self._new_protocol = new_protocol
        self._visits = new_protocol()
        self._allowed = allowed
        self._loop = asyncio.get_running_loop()
        self._sock: socket.socket | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._connections: OrderedDict[Connection, None] = OrderedDict()  # longest idle first
        self._left = anyio.Event()
        self._is_draining = False
        self._unread: Crowd[Connection] = Crowd(UNREAD_BYTES_MAX)

    def __len__(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def start(self, sock: socket.socket) -> None:
        """Listen on this bound socket from now on instead of the previous one; connections stay."""
        self._stop_accepting()
        sock.setblocking(False)
        sock.listen(BACKLOG)
        self._sock = sock
        self._loop.add_reader(sock.fileno(), self._accept)

    async def drain(self, path: Path | None) -> None:
        """
        Take no more clients at `path`, read what waits, let all be settled and answered.

        Without a path, where clients go on coming, take as many as can wait at once; those after
        them wait in the kernel for the next listener.

        Returns when all connections are closed, which the writer's settling brings about; the
        caller bounds the time. A stream that never ends is read up to what waited at its turn.
        """
        if self._sock is None:
            return
        if path is not None:
            remove_socket(path)  # new clients go to their spool, those that wait in the kernel stay
        self.traffic.stop()
        self._is_draining = True  # who is accepted from now on is read out below, or by nobody
        self._loop.remove_reader(self._sock.fileno())
        turns = math.inf if path is not None else BACKLOG / ACCEPTS_A_TURN
        more_may_wait = True
        while more_may_wait and turns > 0:
            turns -= 1
            more_may_wait = self._accept()
            await self._read_all_out(patient=True)
            await anyio.sleep(DRAIN_POLL_SECONDS)
        self._stop_accepting()
        with anyio.move_on_after(LAST_WORDS_SECONDS):
            while any(each.is_amid for each in self._connections):
                await self._read_all_out(patient=True)
                await anyio.sleep(DRAIN_POLL_SECONDS)
        await self._read_all_out(patient=False)
        while self._connections:
            self._left = anyio.Event()
            await self._left.wait()

    def close(self) -> None:
        """Close all at once, answered or not."""
        self.traffic.stop()
        self._stop_accepting()
        for connection in list(self._connections):
            connection.close()

    def was_read(self, connection: Connection) -> None:
        """Note that bytes came from it: it is the last to be closed for being idle."""
        self._connections.move_to_end(connection)

    def answers_wait(self, connection: Connection, held: int) -> None:
        """Weigh the answers that are not read; above the bound who read none for longest goes."""
        self._unread.hold(connection, held)
        while (rude := self._unread.oldest) is not None:
            log.warning("answers_not_read", bytes=self._unread.bytes)
            rude.close()

    def was_closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._connections.pop(connection, None)
        self._left.set()
        self._unread.hold(connection, 0)
        self.traffic.forget(connection)

    def _accept(self) -> bool:
        """Accept whom there is room for; return whether more may wait."""
        for _ in range(ACCEPTS_A_TURN):
            if self._sock is None or self._pause is not None:
                return self._sock is not None
            try:
                client, _ = self._sock.accept()
            except BlockingIOError:
                return False
            except OSError as error:
                if error.errno != errno.ECONNABORTED and not self._make_room():
                    self._pause_accepting("accept_failed", str(error))
                continue
            try:
                self._welcome(client)
            except Exception as error:  # noqa: BLE001  # it costs this client, not the others
                log.error("welcome_failed", error=fault(error))  # noqa: TRY400
                client.close()
        return True

    def _welcome(self, client: socket.socket) -> None:
        client.setblocking(False)
        uid = peer_uid(client)
        if not self._allowed(uid):
            log.warning("peer_refused", uid=uid)
            client.close()
            return
        # Most clients have sent already what they came to say, and some have left again.
        words = first_words(client) if self.traffic.is_open else Words(b"", over=False)
        if words.over and self._was_visit(words.data, uid):
            client.close()
            return
        if len(self) >= self._connections_max and not self._make_room():
            self._pause_accepting("connections_full", "all of them wait for something")
        connection = Connection(client, uid, self._new_protocol(), self)
        self._connections[connection] = None
        if words.data:
            connection.take(words.data)
        if words.over:
            connection.take(b"")
        connection.resume()

    def _was_visit(self, data: bytes, uid: int | None) -> bool:
        submission = visit(self._visits, data, uid, self.submission_events_max)
        if submission is None:
            return False
        if submission.records:
            self.intake.put(submission)
        return True

    def _longest_idle(self) -> Connection | None:
        return next((each for each in list(self._connections) if each.is_idle()), None)

    def _make_room(self) -> bool:
        """Close the longest idle connection; return whether one was idle."""
        connection = self._longest_idle()
        if connection is None:
            return False
        log.info("connection_closed_idle", connections=len(self))
        connection.reject_partial()
        if not connection.pending:
            connection.close()
        return True

    def _pause_accepting(self, event: str, why: str) -> None:
        log.warning(event, why=why, connections=len(self))
        if self._sock is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._pause = self._loop.call_later(ACCEPT_PAUSE_SECONDS, self._accept_again)

    def _accept_again(self) -> None:
        if self._sock is None:
            return
        if len(self) >= self._connections_max and self._longest_idle() is None:
            self._pause = self._loop.call_later(ACCEPT_PAUSE_SECONDS, self._accept_again)
            return
        self._pause = None
        if not self._is_draining:
            self._loop.add_reader(self._sock.fileno(), self._accept)

    def _stop_accepting(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._sock is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()
            self._sock = None

    async def _read_all_out(self, *, patient: bool) -> None:
        """Read what waits of all; with patience, leave who has just come and said nothing yet."""
        for connection in list(self._connections):
            if not (patient and connection.is_amid and not connection.waiting_bytes):
                await self._read_out(connection)

    async def _read_out(self, connection: Connection) -> None:
        """Read what waits of one client, then no more."""
        left = connection.waiting_bytes
        while left >= 0:  # once more than what waited: there the client's end may show
            await self.intake.room()
            count = connection.read()
            if not count:
                break
            left -= count
            await anyio.lowlevel.checkpoint()
        connection.finish()
