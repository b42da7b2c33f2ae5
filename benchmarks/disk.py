"""
What a step takes on the disk, beside its bare row, and how large the write-ahead log becomes.

The bare row has the same columns in a table with nothing but its rowid, in a file of its own; what
traced's file holds more is its indexes, sessions, prompts, remembered events and free room. Sizes
are the same in each round, for the same events give the same rows; only the log's varies.
"""

import argparse
import sqlite3
import tempfile
import threading
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from benchmarks.load import Load
from benchmarks.measure import print_table, save, spread, told
from benchmarks.server import Server

BARE = 1.15  # times the bare row
LOOK_SECONDS = 0.02
KINDS = ("native", "envelope")

Figures = dict[str, list[float]]


class Sizes:
    """Looks at a file while the block runs; `largest` is the most that was seen, in bytes."""

    def __init__(self, path: Path) -> None:
        self._path = path
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
        while not self._over.wait(LOOK_SECONDS):
            self.largest = max(self.largest, self._path.stat().st_size)


def main() -> None:
    """Run the rounds, print the tables, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    logs: Figures = defaultdict(list)
    sizes: dict[str, dict[str, Any]] = {}
    for _ in range(options.rounds):
        for kind in KINDS:
            with tempfile.TemporaryDirectory(prefix="traced-bench-") as name:
                folder = Path(name)
                with Server(folder / "d") as server:
                    with Sizes(server.db.with_name("traced.db-wal")) as log:
                        _stream(server, kind, options.events)
                    logs[kind].append(log.largest / 2**20)
                if kind not in sizes:
                    sizes[kind] = sizes_of(server.db, folder / "bare.db")
    _print(sizes, logs)
    save(
        "disk",
        {
            "events": options.events,
            "bytes_per_step": sizes,
            "wal_mib_max": {kind: spread(values) for kind, values in logs.items()},
            "target": BARE,
        },
    )


def _stream(server: Server, kind: str, events: int) -> None:
    with Load(server.socket, kind, events) as load:
        load.go()
        load.done()
    server.wait_for(events)


def sizes_of(db: Path, bare: Path) -> dict[str, Any]:
    """Return the bytes per step of the file, of its bare rows, and of each table and index."""
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("ATTACH ? AS other", (str(bare),))
        columns = connection.execute("PRAGMA main.table_info(step)").fetchall()
        told_columns = ", ".join(f"{name} {kind}" for _, name, kind, *_ in columns[1:])
        connection.execute(
            f"CREATE TABLE other.step ({columns[0][1]} INTEGER PRIMARY KEY, {told_columns}) STRICT"
        )
        connection.execute("INSERT INTO other.step SELECT * FROM main.step ORDER BY id")
        connection.commit()
        (steps,) = connection.execute("SELECT count(*) FROM main.step").fetchone()
        parts = _parts(connection)
    return {
        "steps": steps,
        "file": db.stat().st_size / steps,
        "bare": bare.stat().st_size / steps,
        "parts": {name: size / steps for name, size in parts.items()},
    }


def _parts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the bytes of each table and index, largest first; nothing if SQLite has no dbstat."""
    try:
        found = connection.execute(
            "SELECT name, sum(pgsize) FROM dbstat('main') GROUP BY name ORDER BY 2 DESC"
        )
        return dict(found.fetchall())
    except sqlite3.OperationalError:
        return {}


def _print(sizes: dict[str, dict[str, Any]], logs: Figures) -> None:
    rows = [
        [
            kind,
            f"{of['steps']:,}",
            f"{of['file']:.0f}",
            f"{of['bare']:.0f}",
            f"{of['file'] / of['bare']:.2f}",
            f"≤ {BARE}",
            told(logs[kind], 1),
        ]
        for kind, of in sizes.items()
    ]
    head = ["events", "steps", "bytes/step", "bare row", "ratio", "target", "log MiB max"]
    print_table("Disk", head, rows)
    for kind, of in sizes.items():
        parts = [[name, f"{size:.1f}"] for name, size in of["parts"].items() if size >= 0.1]
        if parts:
            print_table(f"Bytes per step, {kind}", ["table or index", "bytes"], parts)


if __name__ == "__main__":
    main()
