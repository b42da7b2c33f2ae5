"""
The places that only one daemon may hold: the database and the socket.

Law: a lock of the kernel decides, so a crash leaves nothing that has to be cleaned up by hand, and
a second daemon never takes the socket of one that lives. A cleaner of /tmp that removes the files
of one that lives is made good within seconds; who took the database's lock meanwhile has it.
"""

import errno
import fcntl
import os
import resource
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

import anyio
import structlog

from traced.core.errors import AlreadyRunning, ConfigError, StoreBusy
from traced.store.faults import PASSING_ERRNOS

PROBE_SECONDS_MAX: Final = 1.0
# How long clients spool after somebody removed the socket file.
LOOK_SECONDS: Final = 2.0
# Descriptors for the database, its journal and its backup, the spool and the log.
DESCRIPTORS_KEPT: Final = 64

log = structlog.get_logger()


class Lock:
    """The lock file ``<path>.lock``; links to one file share a lock. Any thread may use it."""

    def __init__(self, path: Path, what: str) -> None:
        self._path = path
        self._what = what
        self._lock = self._place()
        self._descriptor: int | None = None
        self._turn = threading.Lock()

    def keep(self) -> None:
        """
        Take it, or make sure that it is held still: the file can be deleted under its holder.

        Raises:
            AlreadyRunning: If another process holds it; its pid is named where it is known.
            ConfigError: If it cannot be made.
            StoreBusy: If it cannot be made just now: the disk is full or read-only.
        """
        with self._turn:
            self._keep(self._lock)

    def follow(self) -> None:
        """
        Keep the lock of the file to which links lead by now; the one before is let go of then.

        For who opens the file next; what is open still is held by `keep`. Raises what that raises.
        """
        with self._turn:
            self._keep(self._place())

    @property
    def is_held(self) -> bool:
        """Whether it is held and in place, so that nobody else can take it."""
        with self._turn:
            return self._holds(self._lock)

    def release(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _place(self) -> Path:
        resolved = self._path.resolve()
        return resolved.with_name(resolved.name + ".lock")

    def _keep(self, lock: Path) -> None:
        if self._holds(lock):
            return
        taken = self._take(lock)
        self.release()
        self._lock, self._descriptor = lock, taken

    def _holds(self, lock: Path) -> bool:
        if self._descriptor is None:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), lock.lstat())
        except OSError:
            return False

    def _take(self, lock: Path) -> int:
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            if error.errno in PASSING_ERRNOS:
                raise StoreBusy(
                    f"lock {lock} cannot be opened just now: {error.strerror}"
                ) from error
            raise ConfigError(
                f"lock {lock} of the {self._what} cannot be opened: {error.strerror},"
                " expected a file of this user"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyRunning(
                f"{self._what} {self._path} is in use by another traced (pid {holder}):"
                " stop that one, or give this one another place"
            ) from None
        except OSError:
            os.close(descriptor)
            raise
        with suppress(OSError):  # only told to a second one, and a full disk has no room for it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor


@contextmanager
def locked(path: Path, what: str, *, later: bool = False) -> Iterator[Lock]:
    """
    Hold the lock of `path` for the length of the block.

    With `later`, one that cannot be made just now is left to who calls `Lock.keep` before each use.

    Raises:
        AlreadyRunning: See `Lock.keep`.
        ConfigError: See `Lock.keep`.
        StoreBusy: See `Lock.keep`; not with `later`.
    """
    lock = Lock(path, what)
    try:
        try:
            lock.keep()
        except StoreBusy:
            if not later:
                raise
        yield lock
    finally:
        lock.release()


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
    Bind `path`, if there is one, anew, and make its lock file again, where somebody removes them.

    `listen` gets each new socket, to listen on that instead of the one before. What another
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
            told = _tell_lost(error, told)
        else:
            told = ""


async def keep_database(lock: Lock, look_seconds: float = LOOK_SECONDS) -> NoReturn:
    """
    Make the lock file of the database again where somebody removes it.

    Raises:
        AlreadyRunning: If another process has taken it: the database is that one's now.
    """
    told = ""
    while True:
        await anyio.sleep(look_seconds)
        try:
            lock.keep()
        except (ConfigError, StoreBusy, OSError) as error:
            told = _tell_lost(error, told)
        else:
            told = ""


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


def _tell_lost(error: Exception, told: str) -> str:
    """Tell of a lost place unless that was `told` before; return what is told by now."""
    if told != str(error):
        log.error("place_lost", why=str(error))
    return str(error)


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
    Return what tells a file from another one of its name; None where there is none.

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
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no socket"
        raise ConfigError(f"socket {path} is {kind}, expected a socket or nothing: move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS_MAX)
        refusal = probe.connect_ex(str(path))
    if refusal not in (errno.ECONNREFUSED, errno.ENOENT):
        how = os.strerror(refusal) if refusal else "it answers"
        raise AlreadyRunning(f"socket {path} is held by another program ({how}): stop that first")
    path.unlink(missing_ok=True)
