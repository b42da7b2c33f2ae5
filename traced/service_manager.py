"""
What the daemon tells the manager that started it, and the socket that it got from it.

Both by systemd's protocols: sd_notify(3), sd_listen_fds(3).

Law: whoever runs it without a manager notices nothing; of a manager that does not listen the log
tells once. The variables are taken out of the environment: no child speaks for the daemon.
"""

import os
import socket
import stat
import time
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from traced.core.errors import ConfigError

# By FileDescriptorName= in the socket unit.
SOCKET_NAME: Final = "agent-traced"
DESCRIPTORS_START: Final = 3

log = structlog.get_logger()


class ServiceManager:
    """Sends to the socket of ``NOTIFY_SOCKET``; `watchdog_seconds` is how often it must hear."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._address = _address(environment.pop("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog_seconds(
            environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        )
        self._status = ""
        self._is_deaf = False
        self._unsent: list[str] = []

    def ready(self) -> None:
        """Say that it records, from now on or again after `reloading`."""
        self._say("READY=1")

    def reloading(self) -> None:
        """Say that settings are being reloaded; `ready` has to follow."""
        self._say(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, seconds_max: float) -> None:
        """Say that it stops, and how long that may take."""
        self._say("STOPPING=1")
        self.extend(seconds_max)

    def extend(self, seconds: float) -> None:
        """Ask for so much time from now, for a start or a stop that takes longer."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def beat(self) -> None:
        """Say that there was progress."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in a line how it is, if that is news."""
        line = " ".join(text.split())  # a line of its own would be an order to the manager
        if line != self._status and self._send(f"STATUS={line}"):
            self._status = line

    def _say(self, state: str) -> None:
        """Say what must not get lost: what a busy manager has no room for is said later."""
        self._unsent.append(state)
        self._say_unsent()

    def _say_unsent(self) -> bool:
        while self._unsent and self._sent(self._unsent[0]):
            del self._unsent[0]
        return not self._unsent

    def _send(self, message: str) -> bool:
        return self._say_unsent() and self._sent(message)

    def _sent(self, message: str) -> bool:
        """Return whether it is done with; only a manager that has no room yet may be told again."""
        if self._address is None:
            return True
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            if not self._is_deaf:
                self._is_deaf = True
                log.warning("service_manager_deaf", why=error.strerror or type(error).__name__)
            return not isinstance(error, BlockingIOError)
        return True


class _Passed(NamedTuple):
    """A descriptor with its name, and what it is; `sock` is None where it does not fit."""

    descriptor: int
    name: str
    kind: str
    sock: socket.socket | None

    def __str__(self) -> str:
        return f"{self.descriptor} ({self.name or 'unnamed'}, {self.kind})"


def passed_socket(environment: MutableMapping[str, str]) -> socket.socket | None:
    """
    Return the listening socket that a manager passed to this process; None if it passed none.

    It is the one named ``agent-traced``, or else the only Unix stream socket. It does not block,
    no child inherits it, and its file belongs to the manager.

    Raises:
        ConfigError: If what was passed has no such socket or several, or everybody may use its
            file.
    """
    count = environment.pop("LISTEN_FDS", "")
    names = environment.pop("LISTEN_FDNAMES", "").split(":")
    if environment.pop("LISTEN_PID", "") != str(os.getpid()) or not count:
        return None
    if not count.isdecimal():
        raise ConfigError(f"LISTEN_FDS is {count[:40]!r}, expected a number")
    passed = [
        _look(DESCRIPTORS_START + index, names[index] if index < len(names) else "")
        for index in range(int(count))
    ]
    if not passed:
        return None
    sock = _chosen(passed)
    try:
        _refuse_everybody(sock)
    except ConfigError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def _chosen(passed: Sequence[_Passed]) -> socket.socket:
    """Return the one that fits, and close the others that do."""
    named = [each for each in passed if each.name == SOCKET_NAME]
    fitting = [each.sock for each in named or passed if each.sock is not None]
    for each in passed:
        if each.sock is not None and [each.sock] != fitting:
            each.sock.close()
    if len(fitting) != 1:
        raise ConfigError(
            f"the service manager passed descriptor {', '.join(map(str, passed))}; expected one"
            " listening Unix stream socket, or of several one with"
            f" FileDescriptorName={SOCKET_NAME}"
        )
    return fitting[0]


def _look(descriptor: int, name: str) -> _Passed:
    """
    Return what a descriptor is; what does not fit is left as it is, but not to a child.

    Raises:
        ConfigError: If it is not open.
    """
    try:
        os.set_inheritable(descriptor, False)
        is_socket = stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError as error:
        raise ConfigError(
            f"LISTEN_FDS counts descriptor {descriptor}, expected it to be open: {error.strerror}"
        ) from error
    if not is_socket:
        return _Passed(descriptor, name, "no socket", None)
    sock = socket.socket(fileno=descriptor)
    listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    kind = f"{sock.family!r} {sock.type!r} {'that listens' if listens else 'that does not listen'}"
    if not listens or (sock.family, sock.type) != (socket.AF_UNIX, socket.SOCK_STREAM):
        sock.detach()
        return _Passed(descriptor, name, kind, None)
    return _Passed(descriptor, name, kind, sock)


def _refuse_everybody(sock: socket.socket) -> None:
    path: object = sock.getsockname()
    if not isinstance(path, str):  # it is abstract, and has no mode
        return
    try:
        mode = Path(path).stat().st_mode
    except OSError:  # it was removed: nobody new can use it
        return
    if mode & stat.S_IRWXO:
        raise ConfigError(
            f"socket {path} has mode {stat.S_IMODE(mode):04o}, expected 0600,"
            " or 0660 for a group: set SocketMode= in its unit"
        )


def _address(path: str) -> str | None:
    """Return the address of a path, or of an abstract name, which is written with ``@``."""
    if path.startswith("@"):
        return "\0" + path[1:]
    return path if path.startswith("/") else None


def _watchdog_seconds(microseconds: str, pid: str) -> float | None:
    """Return the watchdog's time, if it is this process that is watched."""
    if not microseconds.isdecimal() or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1_000_000 or None
