"""A writer's connection on a real file, events as adapters make them, and what became of them."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from traced.core.event import Change, Event, Outcome, Phase, StepChange
from traced.store.database import prepare
from traced.store.recorder import Entry, Recorder

NOW = 1_795_356_000_000  # 2026-11-22T14:00:00Z
Row = dict[str, Any]


def connect(path: Path) -> sqlite3.Connection:
    """Open any SQLite file, without waiting for others, from any thread."""
    return sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)


def writer(path: Path) -> sqlite3.Connection:
    """Open a database of traced as its writer does, without waiting for others."""
    connection = connect(path)
    prepare(connection, path, "process")
    return connection


def rows(connection: sqlite3.Connection, query: str, *values: object) -> list[Row]:
    """Return the rows of a query by the names of their columns."""
    cursor = connection.execute(query, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def dump(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, sorted: two databases with equal dumps hold the same."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
        for (name,) in tables
    }


def append(recorder: Recorder, *entries: Entry, now: int = NOW) -> list[Outcome]:
    """Give a recorder one batch."""
    return recorder.append(entries, now)


def event(*changes: Change, session: str = "s1", at: int = NOW, **fields: Any) -> Event:
    """Make an event of changes; other fields are those of `Event`."""
    return Event(fields.pop("agent", "custom"), session, at, changes, **fields)


def whole(name: str = "Bash", *, session: str = "s1", **fields: Any) -> Event:
    """Make the event of a whole step; other fields are those of `StepChange`, and `event_id`."""
    return _step_event(Phase.END, name, session, {"status": "ok", **fields})


def start(call_id: str, *, session: str = "s1", **fields: Any) -> Event:
    """Make the start of a call."""
    fields = {"call_id": call_id, "started_at": NOW, **fields}
    return _step_event(Phase.START, "Bash", session, fields, at=fields["started_at"])


def end(call_id: str, *, session: str = "s1", **fields: Any) -> Event:
    """Make the end of a call, a second after its start."""
    fields = {"call_id": call_id, "status": "ok", "ended_at": NOW + 1000, **fields}
    return _step_event(Phase.END, "Bash", session, fields, at=fields["ended_at"])


def _step_event(phase: Phase, name: str, session: str, fields: Row, at: int = NOW) -> Event:
    of_event = {key: fields.pop(key) for key in ("agent", "event_id", "peer_uid") if key in fields}
    trace_type = fields.pop("trace_type", "tool")
    change = StepChange(phase, trace_type, fields.pop("name", name), **fields)
    return event(change, session=session, at=at, **of_event)


def orders(connection: sqlite3.Connection, session: str = "s1") -> list[int]:
    """Return the step orders of a session, in the order of recording."""
    query = "SELECT step_order FROM execution_traces WHERE session_id = ? ORDER BY id"
    return [order for (order,) in connection.execute(query, (session,))]


def statuses(outcomes: Sequence[Outcome]) -> list[tuple[str, int | None]]:
    """Return what became of each event, with its order."""
    return [(outcome.status, outcome.step_order) for outcome in outcomes]
