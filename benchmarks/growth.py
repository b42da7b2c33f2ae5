"""
What an event costs in a database of ten million steps, beside the first million of an empty one.

Rounds are interleaved: a million into an empty daemon, the same million into the large one. The
large database comes from `benchmarks.filled`, or with ``--stream`` from the daemon itself, segment
by segment, each with its cost. ``--keep DIR`` holds it: interrupted, it goes on where it was, and
`benchmarks.reading` can use it.
"""

import argparse
import sqlite3
import tempfile
from collections import defaultdict
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.filled import KEEP_ALL, ROWS, fill
from benchmarks.load import Load
from benchmarks.measure import print_table, save, spread, told
from benchmarks.server import Server

TARGET = 1.3  # times the first million's
WHAT = ("µs CPU", "µs wall")

Figures = dict[str, list[float]]


def main() -> None:
    """Make the large database, run the rounds, print the tables, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the large database")
    parser.add_argument("--events", type=int, default=1_000_000, help="of a segment")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder of the large database")
    parser.add_argument("--stream", action="store_true", help="grow it by the daemon")
    options = parser.parse_args()
    costs: dict[str, Figures] = {"empty": defaultdict(list), "large": defaultdict(list)}
    segments: list[dict[str, float]] = []
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="traced-bench-")))
        large = options.keep or work / "large"
        if options.stream:
            segments = _grow(large, options.rows, options.events)
        else:
            fill(large, options.rows)
        before = _steps(large / "traced.db")
        for number in range(options.rounds):
            for name, folder in (("empty", work / str(number)), ("large", large)):
                with Server(folder, **KEEP_ALL) as server:
                    for what, cost in _cost(server, options.events).items():
                        costs[name][what].append(cost)
            (work / str(number) / "traced.db").unlink()
        after = _steps(large / "traced.db")
    _print(costs, segments, options.events, (before, after))
    save(
        "growth",
        {
            "events": options.events,
            "rows": {"before": before, "after": after},
            "segments": segments,
            "per_event": {
                name: {what: spread(values) for what, values in figures.items()}
                for name, figures in costs.items()
            },
            "ratio": {what: spread(ratios) for what, ratios in _ratios(costs).items()},
            "target": TARGET,
        },
    )


def _grow(folder: Path, rows: int, events: int) -> list[dict[str, float]]:
    """Stream segments until there are so many steps; return what each of them cost."""
    segments = []
    with Server(folder, **KEEP_ALL) as server:
        while (steps := _steps(server.db)) < rows:
            segments.append({"rows": steps, **_cost(server, min(events, rows - steps))})
            print(f"{steps:>12,} rows: {segments[-1]['µs CPU']:.2f} µs CPU per event")
    return segments


def _cost(server: Server, events: int) -> dict[str, float]:
    """Stream events on one connection; return microseconds per event until all are committed."""
    begun = server.status()["received"]
    with Load(server.socket, "native", events) as load:
        cpu = server.cpu()
        load.go()
        seconds = load.done()["seconds"]
    server.wait_for(begun + events)
    spent = server.cpu() - cpu
    return {"µs CPU": spent / events * 1e6, "µs wall": seconds / events * 1e6}


def _steps(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (steps,) = connection.execute("SELECT coalesce(sum(steps), 0) FROM session").fetchone()
    return int(steps)


def _ratios(costs: dict[str, Figures]) -> Figures:
    return {
        what: [
            large / empty
            for large, empty in zip(costs["large"][what], costs["empty"][what], strict=True)
        ]
        for what in WHAT
    }


def _print(
    costs: dict[str, Figures],
    segments: list[dict[str, float]],
    events: int,
    steps: tuple[int, int],
) -> None:
    if segments:
        rows = [[f"{each['rows']:,.0f}", *(f"{each[w]:.2f}" for w in WHAT)] for each in segments]
        print_table("Growing by the daemon", ["rows before", *WHAT], rows)
    rows = [
        [what, told(costs["empty"][what]), told(costs["large"][what]), told(ratios), f"≤ {TARGET}"]
        for what, ratios in _ratios(costs).items()
    ]
    head = ["per event", f"first {events:,}", "large", "ratio", "target"]
    print_table(f"Cost of an event at {steps[0]:,} to {steps[1]:,} steps", head, rows)


if __name__ == "__main__":
    main()
