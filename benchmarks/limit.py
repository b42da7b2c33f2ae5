"""
The tuned limit: how fast these rows get into this schema with nothing else to do.

One thread, no socket, no decoding, no ordering: the same final rows, bound to the fastest
statement, without the columns that no row of it fills, each batch committed with the same
durability. Run as a process of its own:
``python -m benchmarks.limit SOURCE.db TARGET.db BATCH ROWS_A_STATEMENT CHECKPOINT_PAGES``.
"""

import json
import resource
import sqlite3
import sys
import time
from itertools import chain, compress
from pathlib import Path

from traced.store.database import prepare

TABLES = ("session", "prompt", "sub_agent", "step", "seen_event", "permission_ask")


def main() -> None:
    """Read the rows, then insert them against the clock."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    batch, rows_a_statement, pages = (int(each) for each in sys.argv[3:6])
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as reader:
        rows = {table: reader.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
        names = {table: _names(reader, table) for table in TABLES}
    reader.close()
    connection = sqlite3.connect(target, isolation_level=None, cached_statements=256)
    prepare(connection, target, "power")
    connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
    connection.execute("PRAGMA foreign_keys = OFF")  # the rows are in order of table, not of time
    work = [
        statement
        for table in TABLES
        for statement in _statements(table, names[table], rows[table], batch, rows_a_statement)
    ]
    steps = len(rows["step"])
    rows.clear()
    wall, cpu = time.monotonic(), _cpu()
    for sql, values in work:
        connection.execute(sql, values)
    wall, cpu = time.monotonic() - wall, _cpu() - cpu
    connection.close()
    print(json.dumps({"rows": steps, "seconds": wall, "cpu": cpu}))


def _names(connection: sqlite3.Connection, table: str) -> list[str]:
    return [column[0] for column in connection.execute(f"SELECT * FROM {table}").description]


def _statements(
    table: str, names: list[str], rows: list[tuple[object, ...]], batch: int, size: int
) -> list[tuple[str, list[object]]]:
    """Cut rows into transactions, and these into statements; all values are flat already."""
    work: list[tuple[str, list[object]]] = []
    for start in range(0, len(rows), batch):
        work.append(("BEGIN IMMEDIATE", []))
        for at in range(start, min(start + batch, len(rows)), size):
            some = rows[at : min(at + size, start + batch)]
            columns = list(zip(*some, strict=True))
            told = [column != (None,) * len(some) for column in columns]
            group = "(" + ",".join("?" * sum(told)) + ")"
            sql = f"INSERT INTO {table} ({','.join(compress(names, told))}) VALUES "
            sql += ",".join([group] * len(some))
            values = chain.from_iterable(zip(*compress(columns, told), strict=True))
            work.append((sql, list(values)))
        work.append(("COMMIT", []))
    return work


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
