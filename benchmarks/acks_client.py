"""One connection that keeps so many acked events in flight; a process of its own, for `acks`."""

import json
import socket
import sys
import threading
import time

from benchmarks.events import native_lines
from benchmarks.measure import percentile

WRITE_EVENTS_MAX = 256


def main() -> None:
    """Send, count the answers, tell the seconds and the p99 of the wait."""
    path, events, in_flight = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    lines = list(native_lines(events, known=True, acked=True))
    sent_at: list[float] = []
    waits: list[float] = []
    room = threading.Semaphore(in_flight)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        began = time.monotonic()
        reader = threading.Thread(target=_read, args=(connection, events, sent_at, waits, room))
        reader.start()
        start = 0
        while start < events:
            room.acquire()
            end = start + 1
            while end < min(events, start + WRITE_EVENTS_MAX) and room.acquire(blocking=False):
                end += 1
            now = time.perf_counter()
            sent_at += [now] * (end - start)
            connection.sendall(b"".join(lines[start:end]))
            start = end
        reader.join()
        seconds = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "p99_ms": percentile(waits, 0.99) * 1000}))


def _read(
    connection: socket.socket,
    events: int,
    sent_at: list[float],
    waits: list[float],
    room: threading.Semaphore,
) -> None:
    while len(waits) < events:
        answers = connection.recv(1 << 18).count(b"\n")
        now = time.perf_counter()
        waits += [now - at for at in sent_at[len(waits) : len(waits) + answers]]
        room.release(answers)


if __name__ == "__main__":
    main()
