"""Senders that never try again, and what became of each of their events."""

import json
import socket
import threading
from pathlib import Path
from typing import Self

from support.daemon import DEADLINE_SECONDS


class Sender(threading.Thread):
    """
    Sends steps on a connection each, one after the other, until the block ends.

    `acked` are those that were answered `stored`. `sent` are those whose bytes the kernel took from
    a sender that asks for no ack. `refused` counts those who could not even connect.
    """

    def __init__(self, path: Path, number: int, *, asks: bool) -> None:
        super().__init__(daemon=True)
        self.acked: list[str] = []
        self.sent: list[str] = []
        self.refused = 0
        self.reset = 0
        self._path = path
        self._number = number
        self._asks = asks
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join(DEADLINE_SECONDS)
        assert not self.is_alive(), "a sender hangs"

    @property
    def count(self) -> int:
        """How many went well."""
        return len(self.acked) + len(self.sent)

    def run(self) -> None:
        """Send."""
        number = 0
        while not self._over.is_set():
            number += 1
            self._send(f"{self._number}-{number}")

    def _send(self, name: str) -> None:
        line: dict[str, object] = {"v": 1, "session_id": "s", "trace_type": "tool", "name": name}
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(DEADLINE_SECONDS)
            try:
                sock.connect(str(self._path))
            except OSError:
                self.refused += 1
                return
            try:
                sock.sendall(json.dumps(line | ({"ack": True} if self._asks else {})).encode())
                sock.sendall(b"\n")
                sock.shutdown(socket.SHUT_WR)
                answer = sock.recv(4096)
            except OSError:
                self.reset += 1
                return
        if not self._asks:
            self.sent.append(name)
        elif answer.endswith(b"\n") and json.loads(answer)["status"] == "stored":
            self.acked.append(name)
        else:
            self.reset += 1
