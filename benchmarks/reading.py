"""
How long readers wait for a large database, beside running ingestion, and what they cost it.

Rounds are interleaved: ingestion alone, ingestion beside one reader at a stated rate, that reader
alone. The database is of `benchmarks.filled` or `benchmarks.growth`; ``--keep DIR`` names it, and
it grows by what is ingested.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Any, Self

from benchmarks.filled import KEEP_ALL, ROWS, fill
from benchmarks.load import Load
from benchmarks.measure import percentile, print_table, save, spread, told
from benchmarks.questions import QUESTIONS, SECONDS_MAX
from benchmarks.server import Server
from traced.store.index.indexer import Indexer

KEPT_RATE = 0.9  # of what ingestion reaches alone
Figures = dict[str, list[float]]


class Reader:
    """Another process that asks; it is asked for its figures when the block ends."""

    def __init__(self, db: Path, rate: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.reading_client", str(db), str(rate)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.figures: dict[str, Any] = {}
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError("the reader did not get ready")

    def __enter__(self) -> Self:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self

    def __exit__(self, *_: object) -> None:
        self.figures = json.loads(self._process.communicate()[0])


def main() -> None:
    """Run the rounds, print the tables, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="of the database, if it is made")
    parser.add_argument("--events", type=int, default=400_000, help="ingested in each measure")
    parser.add_argument("--rate", type=float, default=20.0, help="questions a second, at most")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="folder of the database")
    options = parser.parse_args()
    times: dict[str, Figures] = {"beside": defaultdict(list), "alone": defaultdict(list)}
    rates: Figures = defaultdict(list)
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="traced-bench-")))
        folder = options.keep or work
        _index(fill(folder, options.rows))
        server = stack.enter_context(Server(folder, **KEEP_ALL))
        for _ in range(options.rounds):
            rates["alone"].append(_ingest(server, options.events))
            reader = Reader(server.db, options.rate)
            with Load(server.socket, "native", options.events) as load, reader:
                load.go()
                rates["beside"].append(options.events / load.done()["seconds"])
            _note(times["beside"], rates, reader)
            reader = Reader(server.db, options.rate)
            with reader:
                time.sleep(len(QUESTIONS) / options.rate * 10)
            _note(times["alone"], {}, reader)
    ratios = [b / a for a, b in zip(rates["alone"], rates["beside"], strict=True)]
    _print(times, rates, ratios, options)
    save(
        "reading",
        {
            "events": options.events,
            "questions_a_second_max": options.rate,
            "ms": {
                when: {name: _figures(values) for name, values in found.items()}
                for when, found in times.items()
            },
            "ms_max": {question.name: question.ms_max for question in QUESTIONS},
            "events_per_second": {name: spread(values) for name, values in rates.items()},
            "ratio": spread(ratios),
            "target": KEPT_RATE,
        },
    )


def _index(db: Path) -> None:
    """Make its words and tallies before anybody asks; nothing is put off by this clock."""
    with closing(Indexer(db, count(0.0, 100.0).__next__)) as indexer:
        while indexer.work() is not None:
            pass


def _ingest(server: Server, events: int) -> float:
    with Load(server.socket, "native", events) as load:
        load.go()
        return float(events / load.done()["seconds"])


def _note(times: Figures, rates: Figures, reader: Reader) -> None:
    for name, answers in reader.figures["answers"].items():
        times[name] += [ms for ms, _rows in answers]
    asked = sum(map(len, reader.figures["answers"].values()))
    rates.setdefault("questions", []).append(asked / reader.figures["seconds"])
    rates.setdefault("reader's CPU", []).append(reader.figures["cpu"] / reader.figures["seconds"])


def _figures(values: list[float]) -> dict[str, float]:
    return {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95), "max": max(values)}


def _print(
    times: dict[str, Figures], rates: Figures, ratios: list[float], options: argparse.Namespace
) -> None:
    rows = []
    for question in QUESTIONS:
        beside, alone = (times[when].get(question.name, []) for when in ("beside", "alone"))
        if not beside or not alone:  # a slow neighbour in turn, and the time was over
            rows.append([question.name, "", "not asked", "", "", f"≤ {question.ms_max:g}"])
            continue
        of = _figures(beside)
        rows.append(
            [
                question.name,
                f"{len(beside)}",
                *(_ms(of[share]) for share in ("p50", "p95")),
                _ms(_figures(alone)["p50"]),
                f"≤ {question.ms_max:g}",
            ]
        )
    head = ["question", "asked", "p50 ms", "p95 ms", "p50 ms, nothing ingested", "target p50"]
    print_table("Reading beside ingestion", head, rows)
    rows = [
        ["alone", told(rates["alone"], 0), "", "", "", ""],
        [
            f"beside a reader, {options.rate:g} questions/s at most",
            told(rates["beside"], 0),
            told(ratios),
            f"≥ {KEPT_RATE}",
            told(rates["questions"], 1),
            told(rates["reader's CPU"]),
        ],
    ]
    head = ["ingestion", "events/s", "x alone", "target", "questions/s", "reader's cores"]
    print_table("Ingestion beside reading", head, rows)


def _ms(value: float) -> str:
    return f"> {SECONDS_MAX * 1000:,.0f}" if value >= SECONDS_MAX * 1000 else f"{value:.2f}"


if __name__ == "__main__":
    main()
