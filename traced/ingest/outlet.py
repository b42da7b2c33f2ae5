"""
The sending side of one socket.

Law: it never waits; what the kernel does not take now is kept, in order, until it does.
"""

import asyncio
import socket
from collections.abc import Callable


class Outlet:
    """
    Sends to a non-blocking socket, which is its owner's to close.

    `on_sent` is called after something that was kept has been sent.
    """

    def __init__(self, sock: socket.socket, on_sent: Callable[[], object]) -> None:
        self._sock = sock
        self._on_sent = on_sent
        self._loop = asyncio.get_running_loop()
        self._kept = bytearray()  # cheap to cut at its front, bytes are copied whole each time

    @property
    def kept_bytes(self) -> int:
        """How many bytes the other side has not made room for."""
        return len(self._kept)

    def send(self, data: bytes) -> None:
        """Send what can be sent; to a side that is not there any more, nothing is kept."""
        waits = bool(self._kept)
        self._kept += data
        if not waits:
            self._send()
            if self._kept:
                self._loop.add_writer(self._sock.fileno(), self._writable)

    def close(self) -> None:
        """Keep nothing and send nothing more; to be called before the socket is closed."""
        self._kept.clear()
        self._loop.remove_writer(self._sock.fileno())

    def _send(self) -> None:
        try:
            sent = self._sock.send(self._kept)
        except BlockingIOError:
            sent = 0
        except OSError:  # nobody is there to be told; what was stored stays stored
            sent = len(self._kept)
        del self._kept[:sent]

    def _writable(self) -> None:
        self._send()
        if not self._kept:
            self._loop.remove_writer(self._sock.fileno())
        self._on_sent()
