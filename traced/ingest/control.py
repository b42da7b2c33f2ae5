"""
Control lines and their answers.

Law: what the daemon knows of itself is told to its own user and to root, to nobody else.
"""

import os
from collections.abc import Callable
from typing import Final

from traced.core.answers import encode_control
from traced.core.wire import Control

ROOT_UID: Final = 0


class ControlDesk:
    """Answers ``ping``, ``flush``, ``status`` and ``prune``."""

    def __init__(
        self,
        version: str,
        status: Callable[[], dict[str, object]],
        prune: Callable[[Control], dict[str, object]],
    ) -> None:
        self._version = version
        self._status = status
        self._prune = prune

    def answer(self, uid: int | None, control: Control, settled: int) -> bytes:
        """Return the line that answers; `settled` events of the asker's connection are done."""
        if control.error is not None:
            return encode_control(control.control, "error", {"error": control.error})
        told = self._told(uid, control, settled)
        return encode_control(control.control, "error" if "error" in told else "ok", told)

    def _told(self, uid: int | None, control: Control, settled: int) -> dict[str, object]:
        match control.control:
            case "ping":
                return {"v": 1, "version": self._version, "pid": os.getpid()}
            case "flush":
                return {"events": settled}
            case "status" | "prune" if uid not in (os.geteuid(), ROOT_UID):
                return {"error": f"uid {uid} may not ask, expected the daemon's own"}
            case "status":
                return self._status()
            case "prune":
                return self._prune(control)
            case _:
                return {"error": "unknown control, expected ping, flush, status or prune"}
