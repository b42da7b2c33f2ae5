"""
A client that resends, over any number of connections, what was not acked.

What it sent and what it was told is the oracle of every kill: it lives outside the daemon. It
sends a window of lines, waits for their acks, and begins again where these ended when the daemon
dies, so that its lines take effect in the order in which it made them.
"""

import json
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from support.daemon import DEADLINE_SECONDS, Row

RETRY_SECONDS = 0.005


class Line(NamedTuple):
    """One line that asks for an ack, and the id that this is to name."""

    event_id: str
    text: bytes


class Resender:
    """Sends lines to the socket at `path`, at most `window` ahead of their acks."""

    def __init__(self, path: Path, lines: Iterator[Line], window: int) -> None:
        self.sent: list[str] = []
        self.told: dict[str, Row] = {}
        self.latest: Row | None = None
        self._path = path
        self._lines = lines
        self._window = window
        self._unacked: deque[Line] = deque()

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` or the last line; return when all that was sent was acked."""
        give_up_at = None
        while self._fill(stop):
            if stop.is_set():
                give_up_at = give_up_at or time.monotonic() + DEADLINE_SECONDS
                assert time.monotonic() < give_up_at, f"{len(self._unacked)} were never acked"
            try:
                self._talk(stop)
            except OSError:  # the daemon is away, or was killed
                time.sleep(RETRY_SECONDS)

    def _talk(self, stop: threading.Event) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(DEADLINE_SECONDS)
            connection.connect(str(self._path))
            with connection.makefile("rb") as answers:
                while self._fill(stop):
                    window = list(self._unacked)
                    connection.sendall(b"".join(line.text + b"\n" for line in window))
                    for line in window:
                        answer = answers.readline()
                        if not answer.endswith(b"\n"):
                            raise ConnectionResetError
                        self._take(line, json.loads(answer))

    def _take(self, line: Line, answer: Row) -> None:
        assert answer["event_id"] == line.event_id, "acks come in the order of the lines"
        self.told[line.event_id] = self.latest = answer
        self._unacked.popleft()

    def _fill(self, stop: threading.Event) -> bool:
        """Make new lines where there is room; tell whether any wait for their ack."""
        while len(self._unacked) < self._window and not stop.is_set():
            line = next(self._lines, None)
            if line is None:
                break
            self._unacked.append(line)
            self.sent.append(line.event_id)
        return bool(self._unacked)
