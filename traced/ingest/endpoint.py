"""
The file of the socket, which only one daemon may hold.

Law: a second daemon never takes the socket of one that lives, and a crash leaves nothing that has
to be cleaned up by hand. A cleaner of /tmp that removes the file of one that lives is made good
within seconds.
"""

import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

import anyio
import structlog

from traced.core.errors import AlreadyRunning, ConfigError, StoreBusy
from traced.ingest.locks import LOOK_SECONDS, Lock, tell_lost

PROBE_SECONDS_MAX: Final = 1.0

log = structlog.get_logger()


@contextmanager
def bound(path: Path) -> Iterator[socket.socket]:
    """
    Hold a socket file with mode 0600, in place of a dead one; hold its lock around it.

    Nobody can connect before the socket listens. The file is removed at the end.

    Raises:
        AlreadyRunning: If somebody answers on it.
        ConfigError: If something else than a socket is there, or it cannot be bound.
    """
    with _bind(path) as sock:
        try:
            yield sock
        finally:
            remove_socket(path)


def remove_socket(path: Path) -> None:
    """Remove a socket file; what else somebody may have put there by now is left alone."""
    with suppress(OSError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()


async def keep_socket(
    path: Path | None,
    listen: Callable[[socket.socket], None],
    lock: Lock,
    look_seconds: float = LOOK_SECONDS,
) -> NoReturn:
    """
    Bind `path`, if any, again, and recreate its lock file, whenever somebody removes them.

    `listen` gets each new socket, to listen on that instead of the previous one. What another
    program has put there is left alone, told of once, and tried again at each look.
    """
    own = path and _identity(path)
    told = ""
    while True:
        await anyio.sleep(look_seconds)
        try:
            lock.keep()
            if path is not None and (own is None or _identity(path) != own):
                listen(_bind(path))
                own = _identity(path)
                log.warning("socket_bound_again", socket=str(path))
        except (AlreadyRunning, ConfigError, StoreBusy, OSError) as error:
            told = tell_lost(error, told)
        else:
            told = ""


def _bind(path: Path) -> socket.socket:
    """Return a socket that is bound to `path`; see `bound`."""
    try:
        _remove_dead(path)
    except OSError as error:
        raise ConfigError(
            f"socket {path} cannot be looked at: {error.strerror or error}"
        ) from error
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The mode has to be right from the first moment, not after a chmod.
    umask = os.umask(0o177)
    try:
        sock.bind(str(path))
    except OSError as error:  # one without an errno: the path is too long
        sock.close()
        raise ConfigError(f"socket {path} cannot be bound: {error.strerror or error}") from error
    finally:
        os.umask(umask)
    return sock


def _identity(path: Path) -> tuple[int, ...] | None:
    """
    Return what distinguishes a file from another of the same name; None if there is no file.

    Numbers of files are used again, at once by some file systems; the time of making is not.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, stat.S_IFMT(found.st_mode)


def _remove_dead(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a socket"
        raise ConfigError(f"socket {path} is {kind}, expected a socket or nothing: move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS_MAX)
        refusal = probe.connect_ex(str(path))
    if refusal not in (errno.ECONNREFUSED, errno.ENOENT):
        how = os.strerror(refusal) if refusal else "it answers"
        raise AlreadyRunning(f"socket {path} is held by another program ({how}): stop that first")
    path.unlink(missing_ok=True)
