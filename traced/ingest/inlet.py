"""
The receiving side of one socket.

Law: it never waits; what is not taken stays in the kernel, which keeps some 200 KiB of one client.
"""

import fcntl
import socket
import sys
import termios
from typing import Final

# More at a time makes no stream faster.
READ_BYTES_MAX: Final = 64 * 1024
# What the kernel keeps beside the bytes counts too: of 1 KiB writes half of its room is taken.
FULL_SHARE: Final = 4

# One buffer for all: reads happen one after the other, and a buffer of this size for each
# connection cost ten times as much where every connection sends one event.
_BUFFER: Final = memoryview(bytearray(READ_BYTES_MAX))


class Inlet:
    """Receives from a non-blocking socket, which is its owner's to close."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait in the kernel."""
        return int.from_bytes(fcntl.ioctl(self._sock, termios.FIONREAD, bytes(4)), sys.byteorder)

    @property
    def is_full(self) -> bool:
        """Whether so much waits in the kernel that the other side may not be able to send more."""
        room = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        return self.waiting_bytes * FULL_SHARE >= room

    def take(self, bytes_max: int) -> bytes | None:
        """Return what waits; nothing (`b""`) once the other side is gone, None if it may send."""
        return self._receive(bytes_max, 0)

    def look(self, bytes_max: int) -> bytes | None:
        """Return what `take` would."""
        return self._receive(bytes_max, socket.MSG_PEEK)

    def _receive(self, bytes_max: int, flags: int) -> bytes | None:
        try:
            count = self._sock.recv_into(_BUFFER, min(bytes_max, READ_BYTES_MAX), flags)
        except BlockingIOError:
            return None
        except OSError:  # it went away without a word
            count = 0
        return bytes(_BUFFER[:count])
