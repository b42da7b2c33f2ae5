"""A database of every released schema is opened, brought up to date, and gone on with."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.released import FOLDER, released
from support.store import NOW, append, connect, end, rows, statuses, whole, writer

from traced.core.event import Event
from traced.store.migrate import PACKAGED, migrate, read_migrations
from traced.store.recorder import Recorder
from traced.store.statements import schema_version

VERSIONS = sorted(int(file.stem) for file in FOLDER.glob("*.sql"))
SHOWN = """
SELECT
    session_id, prompt_number, step_order, name, status, call_id, agent_id, agent_type, duration_ms
FROM execution_traces ORDER BY id
"""
STEPS = [
    ("s1", 1, 1, "Bash", "ok", "c1", None, None, 1000.0),
    ("s1", 1, 2, "Bash", "running", "c2", None, None, None),
    ("s1", 1, 3, "Grep", "ok", None, "a1", "explore", 12.5),
    ("s2", 0, 1, "Read", "error", None, None, None, None),
]


@pytest.fixture(params=VERSIONS)
def upgraded(request: pytest.FixtureRequest, path: Path) -> Iterator[sqlite3.Connection]:
    """The writer's connection to a database of a release."""
    released(request.param, path)
    with closing(writer(path)) as connection:
        yield connection


def test_each_version_has_a_database() -> None:
    """A new migration needs one: support/released.py says how it is made."""
    assert list(range(1, schema_version() + 1)) == VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_migrations_are_as_they_were_released(version: int, tmp_path: Path) -> None:
    """Up to its version they make the very schema of the database that was kept."""
    released(version, tmp_path / "kept.db")
    scripts = {key: text for key, text in read_migrations(PACKAGED).items() if key <= version}
    with (
        closing(connect(tmp_path / "new.db")) as new,
        closing(connect(tmp_path / "kept.db")) as kept,
    ):
        migrate(new, tmp_path / "new.db", scripts)

        for query in ("SELECT name, sql FROM sqlite_master ORDER BY name", "PRAGMA user_version"):
            assert new.execute(query).fetchall() == kept.execute(query).fetchall()


def test_what_was_recorded_is_shown(upgraded: sqlite3.Connection) -> None:
    """Every step, session, prompt, sub-agent and rejected event, as then."""
    assert upgraded.execute(SHOWN).fetchall() == STEPS
    assert upgraded.execute(
        "SELECT session_id, cwd, model, steps, errors, last_event_at FROM sessions ORDER BY 1"
    ).fetchall() == [
        ("s1", "/home/user/project", "model-1", 3, 0, "2026-11-22T14:00:00.000Z"),
        ("s2", None, None, 1, 1, "2026-11-22T14:00:00.000Z"),
    ]
    assert rows(upgraded, "SELECT prompt_number, prompt_id, summary FROM prompts") == [
        {"prompt_number": 1, "prompt_id": "p1", "summary": "Mend the test"}
    ]
    assert rows(upgraded, "SELECT agent_id, agent_type, status FROM agents") == [
        {"agent_id": "a1", "agent_type": "explore", "status": "running"}
    ]
    assert rows(upgraded, "SELECT reason, raw FROM rejected_events") == [
        {"reason": "not_json", "raw": b"no json"}
    ]


def test_recording_goes_on(upgraded: sqlite3.Connection) -> None:
    """What ran can end, what was seen is known, orders and revisions follow the last."""
    (newest,) = upgraded.execute("SELECT sequence FROM ledger").fetchone()
    known = Event("custom", "s2", NOW, whole(session="s2").changes, event_id="e3")

    outcomes = append(Recorder(upgraded), end("c2"), known, whole())

    assert statuses(outcomes) == [("stored", 2), ("duplicate", 1), ("stored", 4)]
    found = upgraded.execute(
        "SELECT step_order, status FROM execution_traces WHERE revision > ? ORDER BY 1", (newest,)
    )
    assert found.fetchall() == [(2, "ok"), (4, "ok")]


def test_nothing_refers_to_nothing(upgraded: sqlite3.Connection) -> None:
    """And the file is sound."""
    assert upgraded.execute("PRAGMA foreign_key_check").fetchall() == []
    assert upgraded.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
