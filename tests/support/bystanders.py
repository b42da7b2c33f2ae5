"""
Well-behaved clients in a process of their own, while somebody else misbehaves.

Each writes an event, waits for its ack and writes the next, on one connection; when standard input
ends, `main` prints a JSON list for each client: `[seconds until the ack, status, step_order]` of
each of its events in their order. They are the oracle of the hostile tests: whatever is done to
the daemon, these must hardly notice.
"""

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple, Self

PAUSE_SECONDS = 0.002
ACK_SECONDS_MAX = 30.0


class Told(NamedTuple):
    """What one event came to."""

    seconds: float
    status: str
    step_order: int | None


class Bystanders:
    """So many clients of the socket at `path`, for the length of the block; then see `told`."""

    def __init__(self, path: Path, clients: int = 3) -> None:
        self._command = [sys.executable, __file__, str(path), str(clients)]
        self._process: subprocess.Popen[str] | None = None
        self.told: list[list[Told]] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "acked\n"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        output, _nothing = self._process.communicate(timeout=2 * ACK_SECONDS_MAX)
        assert self._process.returncode == 0, "every event is acked, however late"
        self.told = [[Told(*each) for each in client] for client in json.loads(output)]

    @property
    def pid(self) -> int:
        """The process that they all live in."""
        assert self._process is not None
        return self._process.pid

    @property
    def seconds(self) -> list[float]:
        """What each ack took, the shortest first."""
        return sorted(each.seconds for client in self.told for each in client)


def session(pid: int, client: int) -> str:
    """Return the session that this client writes to."""
    return f"bystander-{pid}-{client}"


def event_id(client: int, number: int) -> str:
    """Return the id of this client's n-th event, from 1."""
    return f"c{client}-{number}"


def stream(path: str, pid: int, client: int, told: list[Told], stop: threading.Event) -> None:
    """Write events one after the other, each after the ack of the one before."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(ACK_SECONDS_MAX)
        sock.connect(path)
        answers = sock.makefile("rb")
        event = {"v": 1, "ack": True, "session_id": session(pid, client), "trace_type": "tool"}
        while not stop.is_set():
            number = len(told) + 1
            own = {"name": f"n{number}", "event_id": event_id(client, number)}
            began = time.monotonic()
            sock.sendall(json.dumps(event | own).encode() + b"\n")
            answer = json.loads(answers.readline())
            assert answer["event_id"] == own["event_id"], answer
            seconds = time.monotonic() - began
            told.append(Told(seconds, answer["status"], answer["step_order"]))
            stop.wait(PAUSE_SECONDS)


def main(path: str, pid: int, clients: int) -> None:
    """Say `acked` when each has its first ack; go on until standard input ends."""
    stop = threading.Event()
    told: list[list[Told]] = [[] for _ in range(clients)]
    threads = [
        threading.Thread(target=stream, args=(path, pid, client, told[client], stop), daemon=True)
        for client in range(clients)
    ]
    for thread in threads:
        thread.start()
    while not all(told) and any(thread.is_alive() for thread in threads):
        time.sleep(0.01)
    print("acked", flush=True)  # noqa: T201  # to the process that started this one
    select.select([sys.stdin], [], [])
    stop.set()
    for thread in threads:
        thread.join()
    print(json.dumps(told))  # noqa: T201  # as above


if __name__ == "__main__":
    main(sys.argv[1], os.getpid(), int(sys.argv[2]))
