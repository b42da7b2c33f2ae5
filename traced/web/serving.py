"""
The HTTP server: uvicorn, with its bounds, its signals and its silence.

Law: it believes no header about who is asking, logs no request, for a URL may hold the token, and
a SIGTERM or SIGINT is an orderly end.
"""

import asyncio
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from traced.web.door import CONNECTION

CONNECTIONS_MAX: Final = 512
HEAD_SECONDS_MAX: Final = 10.0
IDLE_SECONDS_MAX: Final = 15  # of a connection between two requests
DRAIN_SECONDS_MAX: Final = 5  # what answers still under way may take at a stop


class Connection(H11Protocol):
    """A connection that is closed when the head of a request takes too long to come."""

    _head_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a client in; above the bound it is put out again."""
        super().connection_made(transport)
        # What each request's scope gets a copy of: one place that all of a connection share.
        self.app_state = {CONNECTION: {}}
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()
            return
        self._head_due = self.loop.call_later(HEAD_SECONDS_MAX, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Read on; the time begins with the first byte of a request."""
        super().data_received(data)
        # Before the first request there is no cycle, whatever its type says.
        is_between = self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]
        if not is_between:
            self._head_came()
        elif self._head_due is None:
            self._head_due = self.loop.call_later(HEAD_SECONDS_MAX, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the client go."""
        self._head_came()
        super().connection_lost(exc)

    def _head_came(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None


class Stop:
    """Knows whether the server was told to end."""

    def __init__(self) -> None:
        self.is_asked = False

    def __call__(self) -> bool:
        """Return whether it was."""
        return self.is_asked


async def serve(app: ASGIApp, sockets: list[socket.socket], stop: Stop) -> None:
    """Serve an application on sockets that listen, until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS_MAX,
        timeout_graceful_shutdown=DRAIN_SECONDS_MAX,
    )
    await _Server(config, stop).serve(sockets)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, stop: Stop) -> None:
        super().__init__(config)
        self._stop = stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._stop.is_asked = True
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn's own raises the signals again at the end, which would end us by them.
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
