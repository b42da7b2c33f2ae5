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
    """Answers ``ping``, ``flush`` and ``status``."""

    def __init__(self, version: str, status: Callable[[], dict[str, object]]) -> None:
        self._version = version
        self._status = status

    def answer(self, uid: int | None, control: Control, settled: int) -> bytes:
        """Return the line that answers; `settled` events of the asker's connection are done."""
        if control.error is not None:
            return encode_control(control.control, "error", {"error": control.error})
        match control.control:
            case "ping":
                more = {"v": 1, "version": self._version, "pid": os.getpid()}
                return encode_control("ping", "ok", more)
            case "flush":
                return encode_control("flush", "ok", {"events": settled})
            case "status" if uid not in (os.geteuid(), ROOT_UID):
                return encode_control(
                    "status",
                    "error",
                    {"error": f"uid {uid} may not ask, expected the daemon's own"},
                )
            case "status":
                return encode_control("status", "ok", self._status())
            case unknown:
                known = "expected ping, flush or status"
                return encode_control(unknown, "error", {"error": f"unknown control, {known}"})
