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

import msgspec

from traced.core.errors import NotAnswering, NotRunning, TracedError
from traced.ingest.locks import holder

ANSWER_SECONDS_MAX: Final = 3.0
READ_BYTES: Final = 65_536
ANSWER_BYTES_MAX: Final = 1 << 20


def ask(
    places: Sequence[Path], control: str, keys: Mapping[str, object] = MappingProxyType({})
) -> dict[str, object]:
    """
    Send a control line, with extra `keys`, to the first of these sockets that exists.

    Returns what it is answered.

    Raises:
        NotAnswering: If nobody answers in time, though a daemon is there.
        NotRunning: If nobody is there.
        TracedError: If the daemon answers that it will not.
    """
    problems: list[str] = []
    is_there = False
    for place in places:
        try:
            return _ask_one(place, control, keys)
        except OSError as error:
            problems.append(f"{place}: {error.strerror or error}")
            is_there = is_there or isinstance(error, TimeoutError)
    told = "no daemon answers: " + "; ".join(problems)
    pids = [str(pid) for pid in map(holder, places) if pid is not None]
    if pids:
        raise NotAnswering(f"{told} (process {', '.join(pids)} has its lock)")
    raise NotAnswering(told) if is_there else NotRunning(told)


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
            if len(answer) > ANSWER_BYTES_MAX:
                raise ConnectionAbortedError(None, f"{len(answer)} bytes without a newline came")
    try:
        parsed = msgspec.json.decode(answer, type=dict[str, object])
    except (msgspec.MsgspecError, ValueError):
        raise ConnectionAbortedError(
            None, f"what came is no answer of traced's: {answer[:80]!r}"
        ) from None
    if parsed.get("status") != "ok":
        raise TracedError(f"the daemon at {place} refuses {control}: {parsed.get('error')}")
    return {key: value for key, value in parsed.items() if key not in ("control", "status")}
