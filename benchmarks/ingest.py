"""
How fast events become committed rows, beside the tuned limit for the same rows in the same run.

Rounds are interleaved: limit, one connection, 64 connections, envelopes, a connection an event,
and beside these last the bare door: a loop in Python that accepts, reads and closes.
``python -m benchmarks.ingest --events 1000000 --rounds 5`` is the full form.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from benchmarks.load import Load
from benchmarks.measure import print_table, save, spread, told
from benchmarks.server import Server

ONE_SHOT_PROCESSES = 4
# batch, rows a statement, checkpoint pages: the fastest of these is the limit.
LIMITS = ((2000, 250, 4000), (4000, 1000, 4000), (4000, 1000, 16000))

Figures = dict[str, list[float]]


def main() -> None:
    """Run the rounds, print the table, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--one-shot", type=int, default=20_000, help="connections of one event")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rates: Figures = defaultdict(list)
    costs: Figures = defaultdict(list)
    memory: Figures = defaultdict(list)
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="traced-bench-") as name:
            _round(Path(name), options, rates, costs, memory)
        print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    _print(rates, costs, memory)
    save(
        "ingest",
        {
            "events": options.events,
            "events_per_second": {name: spread(values) for name, values in rates.items()},
            "cpu_us_per_event": {name: spread(values) for name, values in costs.items()},
            "rss_mib": {name: spread(values) for name, values in memory.items()},
        },
    )


def _round(
    folder: Path, options: argparse.Namespace, rates: Figures, costs: Figures, memory: Figures
) -> None:
    def note(name: str, events: int, seconds: float, cpu: float) -> None:
        rates[name].append(events / seconds)
        costs[name].append(cpu / events * 1e6)

    for kind, connections in (("native", 1), ("native", 64), ("envelope", 1), ("one-shot", 1)):
        name = f"{kind}, {connections} at once" if kind != "one-shot" else "one event a connection"
        events = options.one_shot if kind == "one-shot" else options.events
        processes = ONE_SHOT_PROCESSES if kind == "one-shot" else 1
        with Server(folder / f"{kind}-{connections}") as server:
            seconds, cpu = _load(server, kind, events, connections, processes)
            memory[name].append(server.memory("VmHWM"))
        note(name, events, seconds, cpu)
        if connections == 1 and kind != "one-shot":
            limit = min(
                (
                    _limit(server.db, folder / f"limit-{number}.db", *each)
                    for number, each in enumerate(LIMITS)
                ),
                key=lambda figures: figures["seconds"],
            )
            # Per event that made these rows, so that one line is comparable with the one above.
            note(f"limit of {kind}", events, limit["seconds"], limit["cpu"])
        if kind == "one-shot":
            door = _door(folder / "door.sock", events, processes)
            note("bare door", events, door["seconds"], door["cpu"])
        for path in folder.rglob("*.db*"):
            path.unlink()


def _load(
    server: Server, kind: str, events: int, connections: int, processes: int
) -> tuple[float, float]:
    """Return the seconds until all is committed, and the daemon's CPU seconds."""
    with ExitStack() as stack:
        loads = [
            stack.enter_context(Load(server.socket, kind, events // processes, connections))
            for _ in range(processes)
        ]
        cpu = server.cpu()
        for load in loads:
            load.go()
        seconds = max(load.done()["seconds"] for load in loads)
        server.wait_for(events)
    return seconds, server.cpu() - cpu


def _door(path: Path, events: int, processes: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.door", str(path), str(events)]
    with ExitStack() as stack:
        door = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert door.stdout is not None
        door.stdout.readline()
        loads = [
            stack.enter_context(Load(path, "one-shot", events // processes))
            for _ in range(processes)
        ]
        for load in loads:
            load.go()
        figures: dict[str, float] = json.loads(door.stdout.readline())
    return figures


def _limit(source: Path, target: Path, *settings: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.limit", str(source), str(target)]
    done = subprocess.run(
        [*command, *map(str, settings)], check=True, capture_output=True, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _print(rates: Figures, costs: Figures, memory: Figures) -> None:
    rows = []
    for name, values in rates.items():
        of = "limit of envelope" if "envelope" in name else "limit of native"
        ratios = [rate / limit for rate, limit in zip(values, rates[of], strict=True)]
        cpu_ratios = [cost / limit for cost, limit in zip(costs[name], costs[of], strict=True)]
        rows.append(
            [
                name,
                told(values, 0),
                told(ratios),
                told(costs[name], 1),
                told(cpu_ratios),
                told(memory[name], 0) if name in memory else "",
            ]
        )
    head = ["load", "events/s", "x limit", "µs CPU/event", "x limit's CPU", "RSS max MiB"]
    print_table("Ingest", head, rows)


if __name__ == "__main__":
    main()
