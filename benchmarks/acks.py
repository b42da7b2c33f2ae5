"""
How long a sender waits for its ack, beside the bare commit on the same disk in the same run.

One event in flight, then what an ack costs the rate: 8 and 8,000 in flight beside none acked. All
have an id, so that only the acks make the difference.
"""

import argparse
import json
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.events import native_lines
from benchmarks.load import Load
from benchmarks.measure import percentile, print_table, save, spread, told
from benchmarks.server import Server
from traced.store.database import prepare

Figures = dict[str, list[float]]


def main() -> None:
    """Run the rounds, print the tables, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", type=int, default=500, help="events one after the other")
    parser.add_argument("--events", type=int, default=100_000, help="events in flight")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    figures: Figures = defaultdict(list)
    rates: Figures = defaultdict(list)
    p99: Figures = defaultdict(list)
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="traced-bench-") as name:
            folder = Path(name)
            for key, value in _bare_commits(folder / "bare.db", options.alone).items():
                figures[f"bare commit, {key}"].append(value)
            with Server(folder / "alone") as server:
                for key, value in _alone(server.socket, options.alone).items():
                    figures[f"ack, {key}"].append(value)
            for in_flight in (0, 8, 8000):
                with Server(folder / f"flight-{in_flight}") as server:
                    events = options.events if in_flight != 8 else options.events // 10
                    rate, late = _flight(server, events, in_flight)
                rates[f"{in_flight} in flight" if in_flight else "not acked"].append(rate)
                if in_flight:
                    p99[f"{in_flight} in flight"].append(late)
    bound = [2 * bare + 0.3 for bare in figures["bare commit, p50 ms"]]
    figures["2 x bare + 0.3, p50 ms"] = bound
    print_table(
        "Ack latency, one event in flight",
        ["what", "ms"],
        [[name, told(values)] for name, values in figures.items()],
    )
    print_table(
        "Rate with acks",
        ["load", "events/s", "x not acked", "p99 ms"],
        [
            [
                name,
                told(values, 0),
                told([a / b for a, b in zip(values, rates["not acked"], strict=True)]),
                told(p99[name], 1) if name in p99 else "",
            ]
            for name, values in rates.items()
        ],
    )
    save(
        "acks",
        {
            "latency": {name: spread(values) for name, values in figures.items()},
            "events_per_second": {name: spread(values) for name, values in rates.items()},
            "p99_ms": {name: spread(values) for name, values in p99.items()},
        },
    )


def _bare_commits(path: Path, count: int) -> dict[str, float]:
    """One row a commit into traced's own schema, from one thread."""
    connection = sqlite3.connect(path, isolation_level=None)
    prepare(connection, path, "power")
    connection.execute(
        "INSERT INTO session (pk, agent, session_id, last_event_at) VALUES (1, 'a', 's', 0)"
    )
    times: list[float] = []
    for number in range(1, count + 1):
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO step (id, revision, session_pk, step_order, prompt_number, trace_type,"
            " name, status, input_summary, output_summary, created_at, ranks)"
            " VALUES (?, ?, 1, ?, 0, 'tool', 'Bash', 'ok', ?, ?, 0, 0)",
            (number, number, number, "x" * 200, "y" * 280),
        )
        connection.execute("COMMIT")
        times.append((time.perf_counter() - began) * 1000)
    connection.close()
    return {"p50 ms": percentile(times, 0.5), "p99 ms": percentile(times, 0.99)}


def _alone(path: Path, count: int) -> dict[str, float]:
    lines = list(native_lines(count, known=True, acked=True))
    times: list[float] = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        for line in lines:
            began = time.perf_counter()
            connection.sendall(line)
            connection.recv(65536)
            times.append((time.perf_counter() - began) * 1000)
    return {"p50 ms": percentile(times, 0.5), "p99 ms": percentile(times, 0.99)}


def _flight(server: Server, events: int, in_flight: int) -> tuple[float, float]:
    """Return events a second, and the p99 of the wait in ms."""
    if not in_flight:
        with Load(server.socket, "known", events) as load:
            load.go()
            return events / load.done()["seconds"], 0.0
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.acks_client",
            str(server.socket),
            str(events),
            str(in_flight),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    figures = json.loads(done.stdout)
    return events / figures["seconds"], figures["p99_ms"]


if __name__ == "__main__":
    main()
