"""However events are cut into batches, and whatever is forgotten between them, the rows are one."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from support.store import Row, append, rows, writer
from support.walk import Walk

from traced.core.event import Event
from traced.store.recorder import Recorder

EVENTS = 150
SEEDS = range(12)
VIEWS = ("execution_traces", "sessions", "prompts", "agents", "rejected_events")
HIDDEN = ("step_order, ranks, match_key, permission_at", "session_pk, agent_id, prompt_id")


def found(connection: sqlite3.Connection) -> dict[str, list[Row]]:
    """Return what readers see, and what later events go by; numbers of recording left out."""
    queries = [f"SELECT * FROM {view}" for view in VIEWS]
    queries += [f"SELECT {HIDDEN[0]} FROM step", f"SELECT {HIDDEN[1]} FROM sub_agent"]
    queries += ["SELECT * FROM permission_ask", "SELECT * FROM seen_event"]
    return {
        query: sorted(
            (
                {key: row[key] for key in row if key not in {"id", "revision"}}
                for row in rows(connection, query)
            ),
            key=repr,
        )
        for query in queries
    }


def recorded(
    path: Path, batches: Iterator[Sequence[Event]], *, units_max: int, forget: bool
) -> tuple[list[object], dict[str, list[Row]]]:
    """Record batches with a bounded memory, or with none at all; return the outcomes and rows."""
    connection = writer(path)
    recorder = Recorder(connection, units_max=units_max)
    outcomes: list[object] = []
    for batch in batches:
        if forget:
            recorder = Recorder(connection)
        outcomes += append(recorder, *batch)
    rows_found = found(connection)
    connection.close()
    return outcomes, rows_found


@pytest.mark.parametrize("seed", SEEDS)
def test_batches_restarts_and_evictions_change_no_row(tmp_path: Path, seed: int) -> None:
    """One event a batch, a restart before each event, any batches with little memory: the same."""
    walk = Walk(seed)
    events = [walk.event() for _ in range(EVENTS)]
    random = Random(seed)

    def one_by_one() -> Iterator[Sequence[Event]]:
        return ([event] for event in events)

    def cut() -> Iterator[Sequence[Event]]:
        start = 0
        while start < len(events):
            end = start + random.choice([1, 2, 5, 30])
            yield events[start:end]
            start = end

    expected = recorded(tmp_path / "1.db", one_by_one(), units_max=10_000, forget=False)
    assert recorded(tmp_path / "2.db", one_by_one(), units_max=10_000, forget=True) == expected
    assert recorded(tmp_path / "3.db", cut(), units_max=random.choice([0, 30]), forget=False) == (
        expected
    )
