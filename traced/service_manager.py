"""
What the daemon tells the manager that started it, by systemd's protocol (sd_notify(3)).

Law: whoever runs it without a manager notices nothing; of a manager that does not listen the log
tells once. The variables are taken out of the environment: no child speaks for the daemon.
"""

import os
import socket
from collections.abc import MutableMapping

import structlog

log = structlog.get_logger()


class ServiceManager:
    """Sends to the socket of ``NOTIFY_SOCKET``; `watchdog_seconds` is how often it must hear."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        self._address = _address(environment.pop("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog_seconds(
            environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        )
        self._status = ""
        self._failed = False

    def ready(self) -> None:
        """Say that it records."""
        self._send("READY=1")

    def stopping(self, seconds_max: float) -> None:
        """Say that it stops, and how long that may take."""
        self._send("STOPPING=1")
        self.extend(seconds_max)

    def extend(self, seconds: float) -> None:
        """Ask for so much time from now, for a start or a stop that takes longer."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")

    def beat(self) -> None:
        """Say that there was progress."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in a line how it is, if that is news."""
        if text != self._status:
            self._status = text
            self._send(f"STATUS={text}")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(message.encode(), self._address)
        except OSError as error:
            if not self._failed:
                self._failed = True
                log.warning("service_manager_deaf", why=error.strerror or type(error).__name__)


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
