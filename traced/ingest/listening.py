"""
Where the daemon listens: at a place of its own, or at one that a service manager passed.

Law: who made a socket's file removes it. One that was passed is neither bound, nor removed, nor
recreated, and is left open for whoever passed it.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import structlog

from traced.ingest.endpoint import bound, keep_socket
from traced.ingest.locks import Lock, locked

log = structlog.get_logger()


class Endpoint(NamedTuple):
    """
    A socket to listen on.

    `path` is that of its file, None where that is not ours to remove; `lock` None without a file.
    """

    sock: socket.socket
    path: Path | None
    lock: Lock | None

    @property
    def name(self) -> str:
        """Where clients find it."""
        return os.fsdecode(self.sock.getsockname())

    async def keep(self, listen: Callable[[socket.socket], None]) -> None:
        """Keep the socket's file and its lock, see `keep_socket`; return if there is no file."""
        if self.lock is not None:
            await keep_socket(self.path, listen, self.lock)


@contextmanager
def endpoint(path: Path, passed: socket.socket | None) -> Iterator[Endpoint]:
    """
    Hold the socket that a service manager passed, or else one bound to `path`, with its lock.

    One that was passed is locked where it is, which need not be `path`.

    Raises:
        AlreadyRunning: See `locked` and `bound`.
        ConfigError: See `locked` and `bound`.
        StoreBusy: See `locked`.
    """
    if passed is None:
        with locked(path, "socket") as lock, bound(path) as sock:
            yield Endpoint(sock, path, lock)
        return
    with passed:
        name = os.fsdecode(passed.getsockname())
        if name != str(path):
            # No error: hooks may have been told of that place.
            log.warning("socket_elsewhere", passed=name, expected=str(path))
        if not name.startswith("/"):  # no file, so that nobody else can bind it
            yield Endpoint(passed, None, None)
            return
        with locked(Path(name), "socket") as lock:
            yield Endpoint(passed, None, lock)
