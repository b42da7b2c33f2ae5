"""
What else takes lines from a Unix socket into SQLite, beside traced: rate and CPU in the same run.

Like with like: the same native events on one connection from the same sender, their fields as
columns; the clock stops when a reader sees the last one. Each peer runs as its manual shows it,
and tuned: WAL, synchronous FULL as traced has, up to 1,000 events a transaction (2,000 there). The
tuned limit (`benchmarks.limit`) stands beside them: no program that writes traced's rows is faster.
Rounds are interleaved. A peer that is not installed is left out, and said to be.
"""

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from benchmarks.load import Load
from benchmarks.measure import RESULTS, print_table, save, spread, told
from benchmarks.peer_programs import SqliteUtils, SyslogNg, sqlite_utils_command, syslog_ng_command
from benchmarks.server import Server

RATE = 3.5  # times the peer's
CPU = 0.3  # times the peer's
LOOK_SECONDS = 0.02
STALLED_SECONDS = 60.0
LIMIT = (1000, 250, 4000)  # batch, rows a statement, checkpoint pages
SLOW_SHARE = 20  # what commits each event alone gets so many times fewer of them

TRACED = "traced"
LIMIT_NAME = "tuned limit of traced's rows"
# What a sender and a reader get of each.
DOES = {
    "": (TRACED, "syslog-ng, sql()", "socat and sqlite-utils"),
    "order in its session": ("step_order, unique", "order of rows only", "order of rows only"),
    "start and end make one row": ("yes", "no", "no"),
    "answer after the commit": ("on request", "no", "no"),
    "same event again": ("known by its id", "stored twice", "stored twice"),
    "bad line": ("kept, with a reason", "dropped without a trace", "ends it, batch lost"),
    "killed": ("sender knows what is stored", "its queue is lost", "its batch is lost"),
    "many senders": ("yes", "yes", "one, then it ends"),
    "redaction": ("yes", "no", "no"),
    "sessions, prompts, sub-agents": ("yes", "no", "no"),
    "synchronous": ("FULL", "FULL by default", "FULL by default"),
    "transaction, as it comes": ("what waits, up to 2,000 events", "an event", "90 events"),
    "transaction, tuned": ("the same", "1,000 events or 0.1 s", "90 events: 999 values at most"),
}

Figures = dict[str, list[float]]


class Recording(Protocol):
    """Something that takes events at `socket` and keeps them in `db`."""

    db: Path
    socket: Path

    def cpu(self) -> float:
        """Its CPU seconds so far."""


class Contender(NamedTuple):
    """
    A program in one of its forms: how it is made for a folder, and how its rows are counted.

    It gets one `share`th of the events.
    """

    name: str
    counting: str
    share: int
    make: Callable[[Path], AbstractContextManager[Recording]]


def main() -> None:
    """Run the rounds, print the tables, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tools", type=Path, default=RESULTS / "tools", help="for sqlite-utils")
    parser.add_argument("--install", action="store_true", help="install sqlite-utils there")
    options = parser.parse_args()
    contenders = _contenders(
        syslog_ng_command(), sqlite_utils_command(options.tools, install=options.install)
    )
    rates: Figures = defaultdict(list)
    costs: Figures = defaultdict(list)
    for number in range(options.rounds):
        for contender in contenders:
            with tempfile.TemporaryDirectory(prefix="traced-bench-") as name:
                folder = Path(name)
                events = max(options.events // contender.share, 1)
                found = {contender.name: _measured(contender, folder / "run", events)}
                if contender.name == TRACED:
                    found[LIMIT_NAME] = _limit(folder / "run" / "traced.db", folder / "limit.db")
            for title, (rate, cost) in found.items():
                rates[title].append(rate)
                costs[title].append(cost)
        print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    _print(rates, costs)
    save(
        "peers",
        {
            "events": options.events,
            "events_per_second": {name: spread(values) for name, values in rates.items()},
            "cpu_us_per_event": {name: spread(values) for name, values in costs.items()},
            "target": {"rate": RATE, "cpu": CPU},
            "does": DOES,
        },
    )


def _contenders(syslog_ng: str | None, sqlite_utils: str | None) -> list[Contender]:
    last = "SELECT coalesce(max(rowid), 0) FROM events"
    found = [Contender(TRACED, "SELECT coalesce(sum(steps), 0) FROM session", 1, Server)]
    if syslog_ng is not None:
        found += [
            Contender("syslog-ng, tuned", last, 1, partial(SyslogNg, syslog_ng, tuned=True)),
            Contender("syslog-ng", last, SLOW_SHARE, partial(SyslogNg, syslog_ng, tuned=False)),
        ]
    if sqlite_utils is not None:
        name = "socat and sqlite-utils"
        found += [
            Contender(f"{name}, tuned", last, 1, partial(SqliteUtils, sqlite_utils, tuned=True)),
            Contender(name, last, 1, partial(SqliteUtils, sqlite_utils, tuned=False)),
        ]
    return found


def _measured(contender: Contender, folder: Path, events: int) -> tuple[float, float]:
    """Return events a second until a reader sees the last, and µs CPU per event."""
    with ExitStack() as stack:
        recording = stack.enter_context(contender.make(folder))
        load = stack.enter_context(Load(recording.socket, "one-way", events))
        cpu = recording.cpu()
        began = time.monotonic()
        load.go()
        _wait(recording.db, contender.counting, events)
        seconds = time.monotonic() - began
        spent = recording.cpu() - cpu
    return events / seconds, spent / events * 1e6


def _limit(source: Path, target: Path) -> tuple[float, float]:
    """Return what the same rows cost with nothing else to do: rows a second, and µs CPU a row."""
    command = [sys.executable, "-m", "benchmarks.limit", str(source), str(target)]
    done = subprocess.run([*command, *map(str, LIMIT)], check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout)
    return figures["rows"] / figures["seconds"], figures["cpu"] / figures["rows"] * 1e6


def _wait(db: Path, count: str, events: int) -> None:
    """
    Wait until a reader sees so many rows.

    Raises:
        RuntimeError: If they become no more for a minute.
    """
    seen, seen_at = 0, time.monotonic()
    while seen < events:
        time.sleep(LOOK_SECONDS)
        found = _counted(db, count)
        if found > seen:
            seen, seen_at = found, time.monotonic()
        elif time.monotonic() - seen_at > STALLED_SECONDS:
            raise RuntimeError(f"{db} has {seen} events, expected {events}")


def _counted(db: Path, count: str) -> int:
    try:
        with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as reader:
            return int(reader.execute(count).fetchone()[0])
    except sqlite3.OperationalError:  # there is no table before the first event
        return 0


def _print(rates: Figures, costs: Figures) -> None:
    rows = []
    for name, values in rates.items():
        of_rate = [ours / its for ours, its in zip(rates[TRACED], values, strict=True)]
        of_cpu = [ours / its for ours, its in zip(costs[TRACED], costs[name], strict=True)]
        ratios = [told(of_rate), told(of_cpu)] if name != TRACED else ["", ""]
        rows.append([name, told(values, 0), ratios[0], told(costs[name], 1), ratios[1]])
    print_table(
        f"Peers (targets: rate ≥ {RATE} x, CPU ≤ {CPU} x)",
        ["program", "events/s", "traced's rate is x", "µs CPU/event", "traced's CPU is x"],
        rows,
    )
    head, *lines = [[what, *who] for what, who in DOES.items()]
    print_table("What each does", head, lines)


if __name__ == "__main__":
    main()
