"""
The socket: clients are accepted in bulk and read while there is room for what they bring.

Law: when the intake is full nobody is read. Unfinished lines have a bound of their own: above it
only the oldest is read on, and one that takes too long is rejected, so waiting cannot deadlock.
"""

import asyncio
import errno
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import anyio
import structlog
from msgspec import Struct

from traced.core.protocol import Protocol
from traced.core.wire import Control
from traced.ingest.connection import Connection
from traced.ingest.intake import Intake
from traced.ingest.peer import peer_uid

ACCEPTS_A_TURN: Final = 64
READS_A_TURN: Final = 4
# After the process ran out of file descriptors: time for some connections to end.
ACCEPT_PAUSE_SECONDS: Final = 0.5
WATCH_SECONDS: Final = 0.25
DRAIN_POLL_SECONDS: Final = 0.01

log = structlog.get_logger()


class Limits(Struct, frozen=True):
    """The bounds of SPEC 3 that concern connections."""

    connections_max: int
    partial_bytes_max: int
    partial_seconds_max: float


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
        answer: Callable[[Control, int | None, int], bytes],
        allowed: Callable[[int | None], bool],
    ) -> None:
        self.intake = intake
        self._limits = limits
        self._new_protocol = new_protocol
        self.answer_control = answer
        self._allowed = allowed
        self._loop = asyncio.get_running_loop()
        self._sock: socket.socket | None = None
        self._path: Path | None = None
        self._connections: OrderedDict[Connection, None] = OrderedDict()  # longest idle first
        self._partial_bytes = 0
        self._crowded = False
        self._oldest: Connection | None = None

    def __len__(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    def start(self, sock: socket.socket, path: Path) -> None:
        """Accept from now on what connects to this socket, whose file is `path`."""
        sock.setblocking(False)
        self._sock, self._path = sock, path
        self._loop.add_reader(sock.fileno(), self._accept)

    async def watch(self) -> None:
        """Reject unfinished lines that take too long, as long as they crowd the others out."""
        while True:
            await anyio.sleep(WATCH_SECONDS)
            oldest = self._oldest if self._crowded else None
            if oldest is not None and oldest.partial_since is not None:
                age = time.monotonic() - oldest.partial_since
                if age > self._limits.partial_seconds_max:
                    log.warning("line_incomplete", seconds=round(age, 1))
                    oldest.give_up()

    async def drain(self) -> None:
        """
        Take no more clients, read what waits until it would block, and let all be answered.

        Returns when all connections are closed, which the writer's settling brings about; the
        caller bounds the time.
        """
        if self._sock is None or self._path is None:
            return
        # Without the file new clients go to their spool; those that wait in the kernel are taken.
        self._path.unlink(missing_ok=True)
        while self._accept():
            await anyio.sleep(0)
        self._stop_accepting()
        while not self._read_what_waits():
            await anyio.sleep(DRAIN_POLL_SECONDS)
        for connection in list(self._connections):
            connection.give_up()
        while self._connections:
            await anyio.sleep(DRAIN_POLL_SECONDS)

    def close(self) -> None:
        """Close all at once, answered or not."""
        self._stop_accepting()
        for connection in list(self._connections):
            connection.close()

    def update(self) -> None:
        """Look anew from whom may be read; from all others what is sent waits in the kernel."""
        for connection in list(self._connections):
            connection.update_reading()

    def may_read(self, connection: Connection) -> bool:
        """Tell whether there is room for what this connection would bring."""
        if self.intake.full:
            return False
        return not self._crowded or connection is self._oldest

    def was_read(self, connection: Connection) -> None:
        """Note that bytes came from it: it is the last to be closed for being idle."""
        self._connections.move_to_end(connection)

    def partial_changed(self, bytes_more: int) -> None:
        """Weigh the unfinished lines after one of them grew, shrank or ended."""
        self._partial_bytes += bytes_more
        crowded = self._partial_bytes > self._limits.partial_bytes_max
        if crowded or self._crowded:
            self._crowded = crowded
            self._oldest = self._oldest_partial()
            self.update()

    def was_closed(self, connection: Connection) -> None:
        """Forget a connection."""
        self._connections.pop(connection, None)

    def _read_what_waits(self) -> bool:
        for connection in list(self._connections):
            while self.may_read(connection) and connection.read():
                pass
        return not self.intake.full

    def _stop_accepting(self) -> None:
        if self._sock is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()
            self._sock = None

    def _accept(self) -> bool:
        if self._sock is None:
            return False
        for _ in range(ACCEPTS_A_TURN):
            try:
                client, _ = self._sock.accept()
            except BlockingIOError:
                return False
            except OSError as error:
                self._cannot_accept(error)
                return False
            self._welcome(client)
        return True

    def _welcome(self, client: socket.socket) -> None:
        client.setblocking(False)
        uid = peer_uid(client)
        if not self._allowed(uid):
            log.warning("peer_refused", uid=uid)
            client.close()
            return
        connection = Connection(client, uid, self._new_protocol(), self)
        self._connections[connection] = None
        if len(self._connections) > self._limits.connections_max:
            self._close_longest_idle()
        # Most clients have sent already what they came to say.
        for _ in range(READS_A_TURN):
            if not self.may_read(connection) or not connection.read():
                break
        connection.update_reading()

    def _close_longest_idle(self) -> None:
        for connection in self._connections:
            if connection.idle:
                connection.close()
                return
        next(iter(self._connections)).give_up()

    def _cannot_accept(self, error: OSError) -> None:
        if error.errno in (errno.ECONNABORTED, errno.EINTR) or self._sock is None:
            return
        log.error("accept_failed", error=str(error), connections=len(self._connections))
        self._loop.remove_reader(self._sock.fileno())
        self._loop.call_later(ACCEPT_PAUSE_SECONDS, self._accept_again)

    def _accept_again(self) -> None:
        if self._sock is not None:
            self._loop.add_reader(self._sock.fileno(), self._accept)

    def _oldest_partial(self) -> Connection | None:
        holders = (each for each in self._connections if each.partial_since is not None)
        return min(holders, key=lambda each: each.partial_since or 0.0, default=None)
