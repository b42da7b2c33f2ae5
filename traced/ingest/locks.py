"""
The locks of what only one daemon may hold: the database and the socket.

Law: a lock of the kernel decides, so a crash leaves nothing that has to be cleaned up by hand. A
cleaner of /tmp that removes the lock file of one that lives is made good within seconds; who took
the database's lock meanwhile has it.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NoReturn

import anyio
import structlog

from traced.core.errors import AlreadyRunning, ConfigError, StoreBusy
from traced.store.faults import PASSING_ERRNOS

# How long clients spool after somebody removed the socket file.
LOOK_SECONDS: Final = 2.0

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
        Keep the lock of the file to which links lead now; the previous lock is released then.

        Call it before opening the file again; `keep` holds what is open. Raises what that raises.
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
        return _lock_path(self._path)

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


def _lock_path(path: Path) -> Path:
    resolved = path.resolve()
    return resolved.with_name(resolved.name + ".lock")


def holder(path: Path) -> int | None:
    """
    Return the pid of the process that seems to hold the lock of `path`, or None.

    To try the lock would lock out a daemon that starts just then, so the lock file is believed as
    far as a process with the pid in it lives.
    """
    try:
        pid = int(_lock_path(path).read_text("ascii"))
    except (OSError, ValueError):
        return None
    return pid if _lives(pid) else None


def _lives(pid: int) -> bool:
    if pid <= 0:  # would mean a group of processes
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
        return True
    except (OSError, OverflowError):
        return False
    return True


@contextmanager
def locked(path: Path, what: str, *, later: bool = False) -> Iterator[Lock]:
    """
    Hold the lock of `path` for the length of the block.

    With `later`, a lock that cannot be made just now is left to callers of `Lock.keep`.

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
            told = tell_lost(error, told)
        else:
            told = ""


def tell_lost(error: Exception, told: str) -> str:
    """Log a lost place unless that was `told` before; return what has been told by now."""
    if told != str(error):
        log.error("place_lost", why=str(error))
    return str(error)
