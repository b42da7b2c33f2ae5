"""
How much memory a daemon takes, idle and after many events, and how long it takes to be ready.

``--database-gib 2`` also starts it on a database of that size.
"""

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.load import Load
from benchmarks.measure import print_table, save, spread, told
from benchmarks.server import Server

# The daemon looks twice a second whether a burst is over, and then gives back what it took.
CALM_SECONDS = 3.0


def main() -> None:
    """Run the rounds, print the table, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--database-gib", type=float, default=0.25)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    figures: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="traced-bench-") as name:
        large = Path(name) / "large"
        for number in range(options.rounds):
            folder = Path(name) / str(number)
            with Server(folder) as server:
                figures["start to ready, empty, ms"].append(server.start_seconds * 1000)
                idle = server.memory()
                figures["idle, MiB"].append(idle)
                with Load(server.socket, "native", options.events) as load:
                    load.go()
                    load.done()
                figures["more right after the events, MiB"].append(server.memory() - idle)
                time.sleep(CALM_SECONDS)
                figures["more when it is calm, MiB"].append(server.memory() - idle)
                figures["most during the events, MiB"].append(server.memory("VmHWM"))
            if number == 0:
                shutil.copytree(folder, large)
                _grow(large / "traced.db", options.database_gib)
            with Server(large) as server:
                figures[f"start to ready, {options.database_gib} GiB, ms"].append(
                    server.start_seconds * 1000
                )
            shutil.rmtree(folder)
    print_table(
        "Memory and start", ["what", "value"], [[k, told(v, 1)] for k, v in figures.items()]
    )
    save("start", {name: spread(values) for name, values in figures.items()})


def _grow(path: Path, gib: float) -> None:
    """Repeat the steps of a database under new ids until the file is that large."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        columns = [row[1] for row in connection.execute("PRAGMA table_info(step)")]
        shown = ", ".join(columns)
        shift = {
            "id": "id + :rows",
            "revision": "revision + :rows",
            "step_order": "step_order + :rows",
        }
        moved = ", ".join(shift.get(column, column) for column in columns)
        while path.stat().st_size < gib * 2**30:
            (last,) = connection.execute("SELECT max(id) FROM step").fetchone()
            connection.execute(
                f"INSERT INTO step ({shown}) SELECT {moved} FROM step WHERE id <= :rows",
                {"rows": last},
            )
            connection.execute("UPDATE ledger SET sequence = (SELECT max(id) FROM step)")
            connection.commit()
    connection.close()


if __name__ == "__main__":
    main()
