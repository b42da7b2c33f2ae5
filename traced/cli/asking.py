"""
Asking the running daemon: one control line, one answer.

Law: it waits a bounded time; nobody there is an error that says so, not a hang.
"""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from traced.core.errors import NotRunning, TracedError

ANSWER_SECONDS_MAX: Final = 3.0
READ_BYTES: Final = 65_536


def ask(
    places: Sequence[Path], control: str, keys: Mapping[str, object] = MappingProxyType({})
) -> dict[str, object]:
    """
    Send a control line, with extra `keys`, to the first of these sockets that exists.

    Returns what it is answered.

    Raises:
        NotRunning: If nobody answers on any of them in time.
        TracedError: If the daemon answers that it will not.
    """
    problems: list[str] = []
    for place in places:
        try:
            return _ask_one(place, control, keys)
        except OSError as error:
            problems.append(f"{place}: {error.strerror or error}")
    raise NotRunning("no daemon answers: " + "; ".join(problems))


def _ask_one(place: Path, control: str, keys: Mapping[str, object]) -> dict[str, object]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(ANSWER_SECONDS_MAX)
        sock.connect(os.fspath(place))
        sock.sendall(json.dumps({"v": 1, "control": control, **keys}).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            more = sock.recv(READ_BYTES)
            if not more:
                raise ConnectionResetError(None, "the daemon closed the connection")
            answer += more
    parsed = json.loads(answer)
    if parsed["status"] != "ok":
        raise TracedError(f"the daemon at {place} refuses {control}: {parsed.get('error')}")
    return {key: value for key, value in parsed.items() if key not in ("control", "status")}
