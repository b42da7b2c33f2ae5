"""
What removing a million steps costs who records meanwhile, and how much room it gives back.

Two daemons begin with the same old sessions. Beside the first a sender keeps many acked events in
flight, beside the second one event. Rounds are interleaved: the same sender with nothing beside it,
then while a share of the old sessions is removed. The longest time between two acks is the stall.
``python -m benchmarks.retention --steps 1000000``.
"""

import argparse
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Self

from benchmarks.events import SESSIONS, native_lines
from benchmarks.filled import KEEP_ALL
from benchmarks.load import Load
from benchmarks.measure import percentile, print_table, save, told
from benchmarks.server import Server

DAY_MS = 24 * 60 * 60 * 1000
OLD_DAYS = 100
LINES = 50_000
WRITE_EVENTS_MAX = 256


class Sender:
    """Another process that keeps so many acked events in flight for the length of a block."""

    def __init__(self, server: Server, in_flight: int) -> None:
        command = [sys.executable, "-m", "benchmarks.retention", "--send", str(server.socket)]
        self._process = subprocess.Popen(
            [*command, "--in-flight", str(in_flight)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.figures: dict[str, float] = {}

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the sender did not get ready")
        return self

    def __exit__(self, *_: object) -> None:
        answer, _rest = self._process.communicate("\n")
        self.figures = json.loads(answer)


def main() -> None:
    """Make the old sessions once, then measure beside two copies of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="with nothing beside")
    parser.add_argument("--many", type=int, default=1000, help="events in flight")
    parser.add_argument("--send", help="for its own use: the socket to send to")
    parser.add_argument("--in-flight", type=int, default=1)
    options = parser.parse_args()
    if options.send:
        _send(options.send, options.in_flight)
        return
    with tempfile.TemporaryDirectory(prefix="traced-bench-") as name:
        old = _old_sessions(Path(name) / "old", options.steps)
        found = {
            in_flight: _beside(Path(name) / str(in_flight), old, in_flight, options)
            for in_flight in (options.many, 1)
        }
    _print(found)
    save("retention", {"steps": options.steps, "in_flight": found})


def _old_sessions(folder: Path, steps: int) -> Path:
    """Record steps and let their sessions be old; return the database."""
    with Server(folder) as server:
        with Load(server.socket, "native", steps) as load:
            load.go()
            load.done()
        server.wait_for(steps)
    connection = sqlite3.connect(server.db)
    with connection:
        connection.execute(
            "UPDATE session SET session_id = 'old-' || session_id,"
            f" last_event_at = last_event_at - {DAY_MS} * ({OLD_DAYS} + pk),"
            f" heard_at = heard_at - {DAY_MS} * ({OLD_DAYS} + pk)"
        )
    connection.close()
    return server.db


def _beside(folder: Path, old: Path, in_flight: int, options: argparse.Namespace) -> dict[str, Any]:
    folder.mkdir(mode=0o700)
    shutil.copy(old, folder / old.name)
    os.sync()  # or the first one to sync the database would have to write all of it
    sizes = _Sizes(folder / old.name)
    found: dict[str, Any] = {"alone": [], "beside": [], "seconds": [], "removed": []}
    # Its own retention, a minute after the start, would be done before what is measured.
    with Server(folder, **KEEP_ALL) as server, sizes:
        for number in range(1, options.rounds + 1):
            with Sender(server, in_flight) as alone:
                time.sleep(options.seconds)
            days = OLD_DAYS + SESSIONS - SESSIONS * number // options.rounds
            with Sender(server, in_flight) as beside:
                began = time.monotonic()
                found["removed"].append(_prune(server, days))
                found["seconds"].append(time.monotonic() - began)
            found["alone"].append(alone.figures)
            found["beside"].append(beside.figures)
    return {**found, "wal_bytes_max": sizes.largest}


def _prune(server: Server, days: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "traced", "prune", "--older-than", f"{days}d", "--json"],
        env=server.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    removed: dict[str, Any] = json.loads(done.stdout)["prune"]
    if not removed["steps"]:
        raise RuntimeError(f"no step of the old sessions was removed: {done.stdout}")
    return removed


class _Sizes:
    """Looks at the log's size for the length of a block."""

    def __init__(self, db: Path) -> None:
        self._wal = db.with_name(db.name + "-wal")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.largest = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self.largest = max(self.largest, self._wal.stat().st_size)


def _send(path: str, in_flight: int) -> None:
    """Send until a line comes on standard input; tell the rate and the waits."""
    plain = islice(native_lines(LINES), LINES)
    lines = cycle([b'{"ack":true,' + line[1:] for line in plain])
    over = threading.Event()
    threading.Thread(target=_wait_for_end, args=(over,), daemon=True).start()
    gaps: list[float] = []
    acks = 0
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        print("ready", flush=True)
        began = heard = time.perf_counter()
        room = in_flight
        while not over.is_set():
            connection.sendall(b"".join(islice(lines, room)))
            room = connection.recv(1 << 18).count(b"\n")
            now = time.perf_counter()
            gaps.append(now - heard)
            heard = now
            acks += room
    figures = {
        "events_per_second": acks / (heard - began),
        "gap_p99_ms": percentile(gaps, 0.99) * 1000,
        "gap_max_ms": max(gaps) * 1000,
    }
    print(json.dumps(figures), flush=True)


def _wait_for_end(over: threading.Event) -> None:
    sys.stdin.readline()
    over.set()


def _print(found: dict[int, dict[str, Any]]) -> None:
    rows = []
    for in_flight, each in found.items():
        rates = [
            [figures["events_per_second"] for figures in each[name]] for name in ("alone", "beside")
        ]
        stalls = [[figures["gap_max_ms"] for figures in each[name]] for name in ("alone", "beside")]
        removed = each["removed"]
        rows.append(
            [
                f"{in_flight}",
                *(told(values, 0) for values in rates),
                told([beside / alone for alone, beside in zip(*rates, strict=True)]),
                *(told(values, 0) for values in stalls),
                f"{sum(one['steps'] for one in removed):,} in {sum(each['seconds']):.0f} s",
                f"{removed[0]['bytes_before'] >> 20} -> {removed[-1]['bytes_after'] >> 20}",
                f"{each['wal_bytes_max'] >> 20}",
            ]
        )
    head = ["in flight", "events/s alone", "beside", "ratio", "longest gap ms alone", "beside"]
    print_table("Removing old sessions", [*head, "steps removed", "file MiB", "log MiB max"], rows)


if __name__ == "__main__":
    main()
