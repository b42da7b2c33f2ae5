"""Rows that change without a word of their own are seen by who goes by revision."""

import sqlite3

import pytest
from support.store import append, event, rows, whole

from traced.core.event import AgentEnded, Event
from traced.store.recorder import Recorder

ROWS = "SELECT id, revision, agent_type, parent_agent_id FROM execution_traces WHERE agent_id = ?"
TOLD: dict[str, tuple[Event, tuple[str | None, str | None]]] = {
    "its type": (event(AgentEnded("a2", "explore")), ("explore", None)),
    "its parent": (whole(call_id="n", child_agent_id="a2", agent_id="a1"), (None, "a1")),
}


@pytest.mark.parametrize("known", TOLD)
def test_steps_that_are_not_in_memory_show_what_became_known(
    connection: sqlite3.Connection, known: str
) -> None:
    """They get revisions above all before, and no two the same."""
    told, (agent_type, parent_agent_id) = TOLD[known]
    append(Recorder(connection), whole(agent_id="a2"), whole(), whole(agent_id="a2"))
    (highest,) = connection.execute("SELECT max(revision) FROM step").fetchone()

    append(Recorder(connection), told)

    first, last = rows(connection, ROWS, "a2")
    for row in (first, last):
        assert row["revision"] > highest
        assert (row["agent_type"], row["parent_agent_id"]) == (agent_type, parent_agent_id)
    assert first["revision"] != last["revision"]
