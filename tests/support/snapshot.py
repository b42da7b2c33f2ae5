"""All public rows of a database, read once, without the daemon and without writing to the file."""

import sqlite3
from collections import defaultdict
from pathlib import Path

from support.daemon import Row

RELATIONS = ("execution_traces", "sessions", "prompts", "agents", "rejected_events")


def look_into(db: Path) -> sqlite3.Connection:
    """Open a database to read; closing it leaves the log for the next daemon as it was."""
    return sqlite3.connect(f"file:{db}?mode=ro", uri=True, isolation_level=None)


def check_file(db: Path) -> None:
    """Fail unless the file is whole, as a kill left it."""
    connection = look_into(db)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


class Snapshot:
    """What the public relations hold."""

    def __init__(self, db: Path) -> None:
        self._rows: dict[str, dict[object, list[Row]]] = {}
        connection = look_into(db)
        connection.row_factory = sqlite3.Row
        try:
            for relation in RELATIONS:
                by_session: dict[object, list[Row]] = defaultdict(list)
                for row in connection.execute(f"SELECT * FROM {relation}"):
                    by_session[row["session_id"]].append(dict(row))
                self._rows[relation] = dict(by_session)
        finally:
            connection.close()

    def rows(self, relation: str, **wanted: object) -> list[Row]:
        """Return the rows of a relation, of one session if `session_id` is wanted."""
        by_session = self._rows[relation]
        if wanted:
            return by_session.get(wanted["session_id"], [])
        return [row for rows in by_session.values() for row in rows]

    def steps(self, **wanted: object) -> list[Row]:
        """Return steps in the order of their session and step order."""
        rows = self.rows("execution_traces", **wanted)
        return sorted(rows, key=lambda row: (row["session_id"], row["step_order"]))
