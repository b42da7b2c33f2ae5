"""
The places that only one daemon may hold: the database and the socket.

Law: a lock of the kernel decides, so a crash leaves nothing that has to be cleaned up by hand, and
a second daemon never takes the socket of one that lives.
"""

import errno
import fcntl
import os
import resource
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from traced.core.errors import AlreadyRunning, ConfigError

PROBE_SECONDS_MAX: Final = 1.0
# Descriptors for the database, its journal and its backup, the spool and the log.
DESCRIPTORS_KEPT: Final = 64


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """
    Hold the lock file ``<path>.lock`` for the length of the block; links to one file share a lock.

    Raises:
        AlreadyRunning: If another process holds it; its pid is named where it is known.
        ConfigError: If it cannot be made.
    """
    resolved = path.resolve()
    lock = resolved.with_name(resolved.name + ".lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(
            f"lock {lock} of the {what} cannot be opened: {error.strerror},"
            " expected a file of this user"
        ) from error
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


@contextmanager
def bound(path: Path) -> Iterator[socket.socket]:
    """
    Hold a socket file with mode 0600, in place of a dead one; hold its lock around it.

    Nobody can connect before the socket listens. The file is removed at the end.

    Raises:
        AlreadyRunning: If somebody answers on it.
        ConfigError: If something else than a socket is there, or it cannot be bound.
    """
    try:
        _remove_dead(path)
    except OSError as error:
        raise ConfigError(
            f"socket {path} cannot be looked at: {error.strerror or error}"
        ) from error
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        # The mode has to be right from the first moment, not after a chmod.
        umask = os.umask(0o177)
        try:
            sock.bind(str(path))
        except OSError as error:  # one without an errno: the path is too long
            raise ConfigError(
                f"socket {path} cannot be bound: {error.strerror or error}"
            ) from error
        finally:
            os.umask(umask)
        try:
            yield sock
        finally:
            path.unlink(missing_ok=True)


def allow_descriptors(connections_max: int) -> int:
    """
    Raise the limit of open files, as far as this user may, to what so many connections take.

    Returns how many connections there is room for.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections_max + DESCRIPTORS_KEPT
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections_max
    granted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    except (OSError, ValueError):  # macOS has a bound of its own below "unlimited"
        granted = soft
    return max(1, min(connections_max, granted - DESCRIPTORS_KEPT))


def _remove_dead(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no socket"
        raise ConfigError(f"socket {path} is {kind}, expected a socket or nothing: move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS_MAX)
        refusal = probe.connect_ex(str(path))
    if refusal not in (errno.ECONNREFUSED, errno.ENOENT):
        how = os.strerror(refusal) if refusal else "it answers"
        raise AlreadyRunning(f"socket {path} is held by another program ({how}): stop that first")
    path.unlink(missing_ok=True)
