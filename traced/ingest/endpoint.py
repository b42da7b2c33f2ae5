"""
The places that only one daemon may hold: the database and the socket.

Law: a lock of the kernel decides, so a crash leaves nothing that has to be cleaned up by hand, and
a second daemon never takes the socket of one that lives.
"""

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from traced.core.errors import AlreadyRunning, ConfigError

BACKLOG: Final = 4096
PROBE_SECONDS_MAX: Final = 1.0


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """
    Hold the lock file ``<path>.lock`` for the length of the block.

    Raises:
        AlreadyRunning: If another process holds it; its pid is named where it is known.
    """
    lock = path.with_name(path.name + ".lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyRunning(
                f"{what} {path} is in use by another traced (pid {holder}):"
                " stop that one, or give this one another place"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def listen(path: Path) -> socket.socket:
    """
    Bind and listen on a socket file with mode 0600, in place of a dead one; hold its lock first.

    Raises:
        AlreadyRunning: If somebody answers on it.
        ConfigError: If something else than a socket is there, or it cannot be bound.
    """
    _remove_dead(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The mode has to be right from the first moment, not after a chmod.
    umask = os.umask(0o177)
    try:
        sock.bind(str(path))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise ConfigError(f"socket {path} cannot be bound: {error.strerror}") from error
    finally:
        os.umask(umask)
    return sock


def _remove_dead(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "something else"
        raise ConfigError(f"socket {path} is {kind}, expected a socket or nothing: move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS_MAX)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError as error:
            raise AlreadyRunning(f"socket {path} cannot be probed: {error.strerror}") from error
    raise AlreadyRunning(f"socket {path} is answered by another daemon: stop that one first")
