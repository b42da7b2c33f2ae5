"""
The load generator: a process of its own, whose start-up and preparations are outside the clock.

It builds all its bytes, says ``ready``, waits for a line on stdin, sends, and says how long that
took as one line of JSON. Run it through `Load`.
"""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from benchmarks.kinds import lines_of

CHUNK_BYTES = 256 * 1024
FLUSH = b'{"v":1,"control":"flush"}\n'


class Load:
    """Another process that sends `count` events of a kind over so many connections at once."""

    def __init__(self, socket_path: Path, kind: str, count: int, connections: int = 1) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.load"),
                *(str(socket_path), kind, str(count), str(connections)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the load generator did not get ready")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def done(self) -> dict[str, Any]:
        """Wait until all is settled; return what it measured."""
        assert self._process.stdout is not None
        figures: dict[str, Any] = json.loads(self._process.stdout.readline())
        self._process.wait()
        return figures


def stream(path: str, chunks: Sequence[bytes]) -> None:
    """Send chunks of lines on one connection, then wait until they are settled."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        for chunk in chunks:
            connection.sendall(chunk)
        connection.sendall(FLUSH)
        connection.recv(4096)


def one_way(path: str, chunks: Sequence[bytes]) -> None:
    """Send chunks of lines on one connection, to something that knows no control lines."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        for chunk in chunks:
            connection.sendall(chunk)


def one_by_one(path: str, lines: Sequence[bytes]) -> None:
    """Send each line on a connection of its own, and do not wait."""
    for line in lines:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            connection.sendall(line)


WAYS = {"one-shot": one_by_one, "one-way": one_way}


def main() -> None:
    """Prepare, wait, send, tell."""
    path, kind, count, connections = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    shares = [[] for _ in range(connections)]  # type: list[list[bytes]]
    for number, line in enumerate(lines_of(kind, count)):
        shares[number % connections].append(line)
    parts = shares if kind == "one-shot" else [_chunks(share) for share in shares]
    threads = [threading.Thread(target=WAYS.get(kind, stream), args=(path, part)) for part in parts]
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"seconds": time.monotonic() - began}), flush=True)


def _chunks(lines: Sequence[bytes]) -> list[bytes]:
    data = b"".join(lines)
    return [data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)]


if __name__ == "__main__":
    main()
