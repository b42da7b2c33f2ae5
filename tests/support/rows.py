"""A database written by hand, and rows as the reading side gets them: no writer takes part."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from traced.store.migrate import APPLICATION_ID
from traced.store.rows import Agent, Prompt, Session, SessionEntry, Step
from traced.store.statements import schema_version

SCHEMA = Path(__file__).parents[2] / "sql" / "schema.sql"
# Both are eight in the morning of one day.
START = 1_800_000_000_000
AT_EIGHT = "2027-01-15T08:00:00.000Z"


class Recording:
    """A database in which each row has the columns that a fact is about, the rest by default."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.executescript(SCHEMA.read_text(encoding="utf-8"))
        self.connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        self.connection.execute(f"PRAGMA user_version = {schema_version()}")
        self._sequence = 0

    def session(self, session_id: str = "s1", agent: str = "claude-code", **columns: Any) -> int:
        """Add a session; return its key."""
        return self._insert(
            "session",
            {"agent": agent, "session_id": session_id, "last_event_at": START, **columns},
        )

    def prompt(self, session_pk: int, prompt_number: int | None, **columns: Any) -> None:
        """Add a prompt."""
        self._insert(
            "prompt", {"session_pk": session_pk, "prompt_number": prompt_number, **columns}
        )

    def agent(self, session_pk: int, agent_id: str, **columns: Any) -> None:
        """Add a sub-agent."""
        defaults = {"prompt_number": 1, "prompt_rank": 3, "status": "ok"}
        self._insert(
            "sub_agent", {"session_pk": session_pk, "agent_id": agent_id, **defaults, **columns}
        )

    def step(self, session_pk: int, step_order: int, **columns: Any) -> int:
        """Add a step; return its id."""
        self._sequence += 1
        defaults = {
            "id": self._sequence,
            "revision": self._sequence,
            "prompt_number": 1,
            "trace_type": "tool",
            "name": "Bash",
            "status": "ok",
            "created_at": START,
            "ranks": 0,
        }
        row = {"session_pk": session_pk, "step_order": step_order, **defaults, **columns}
        self.skip(0)
        return self._insert("step", row)

    def skip(self, numbers: int) -> None:
        """Let so many numbers of the sequence be given to nothing."""
        self._sequence += numbers
        self.connection.execute("UPDATE ledger SET sequence = ?", (self._sequence,))

    def change(self, step_id: int, **columns: Any) -> int:
        """Change a step; return its new revision."""
        self.skip(1)
        changed = {"revision": self._sequence, **columns}
        assignments = ", ".join(f"{column} = :{column}" for column in changed)
        self.connection.execute(
            f"UPDATE step SET {assignments} WHERE id = :step_id", {"step_id": step_id, **changed}
        )
        return self._sequence

    def remove(self, session_pk: int, *, whole: bool = True) -> None:
        """Remove a session: hide it, tell of it, and (`whole`) delete its steps."""
        self.connection.execute(
            "UPDATE session SET removed_at = ? WHERE pk = ?", (START, session_pk)
        )
        self.connection.execute(
            "INSERT INTO removal (session_pk, removed_at, first_step_id, last_step_id)"
            " SELECT ?, ?, min(id), max(id) FROM step WHERE session_pk = ?",
            (session_pk, START, session_pk),
        )
        if whole:
            self.connection.execute("DELETE FROM step WHERE session_pk = ?", (session_pk,))

    def rejected(self, reason: str = "not_json", **columns: Any) -> None:
        """Add a rejected event."""
        self._insert(
            "rejected", {"received_at": START, "kind": "rejected", "reason": reason, **columns}
        )

    def view(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a public relation."""
        cursor = self.connection.execute(f"SELECT * FROM {name}")
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def _insert(self, table: str, columns: dict[str, Any]) -> int:
        names, marks = ", ".join(columns), ", ".join(f":{name}" for name in columns)
        cursor = self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", columns)
        assert cursor.lastrowid is not None
        return cursor.lastrowid


STEP = Step(
    id=1,
    event_id=None,
    agent="claude-code",
    session_id="s1",
    prompt_number=1,
    step_order=1,
    trace_type="tool",
    name="Bash",
    source=None,
    status="ok",
    input_summary=None,
    output_summary=None,
    error=None,
    started_at=None,
    ended_at=None,
    duration_ms=None,
    permission_wait_ms=None,
    call_id=None,
    agent_id=None,
    agent_type=None,
    parent_agent_id=None,
    child_agent_id=None,
    input=None,
    output=None,
    peer_uid=None,
    revision=1,
    created_at=AT_EIGHT,
    created_at_epoch=START,
)
AGENT = Agent(
    agent="claude-code",
    session_id="s1",
    agent_id="a1",
    agent_type="Explore",
    parent_agent_id=None,
    call_id=None,
    prompt_number=1,
    started_at=None,
    ended_at=None,
    status="ok",
)
PROMPT = Prompt(
    agent="claude-code",
    session_id="s1",
    prompt_number=1,
    prompt_id=None,
    source="user",
    summary="Fix the test",
    started_at=None,
    ended_at=None,
    model=None,
    input_tokens=None,
    output_tokens=None,
    cache_read_tokens=None,
    cache_creation_tokens=None,
)
SESSION = Session(
    agent="claude-code",
    session_id="s1",
    cwd=None,
    model=None,
    started_at=None,
    ended_at=None,
    end_reason=None,
    last_event_at=AT_EIGHT,
    steps=1,
    errors=0,
    input_tokens=None,
    output_tokens=None,
    cache_read_tokens=None,
    cache_creation_tokens=None,
)


def second(offset: float) -> str:
    """Return the stored time so many seconds (less than a minute) after 08:00:00."""
    return f"2027-01-15T08:00:{offset:06.3f}Z"


def ran(step_id: int, start: float, end: float | None, **columns: Any) -> Step:
    """Return a step that ran from one second to another; without an end it still runs."""
    times: dict[str, Any] = {"id": step_id, "step_order": step_id, "started_at": second(start)}
    if end is None:
        times["status"] = "running"
    else:
        times |= {"ended_at": second(end), "duration_ms": (end - start) * 1000}
    return msgspec.structs.replace(STEP, **(times | columns))


def entry(prompts: int = 1, running: int = 0, **columns: Any) -> SessionEntry:
    """Return a session with its counts."""
    session = msgspec.structs.replace(SESSION, **columns)
    return SessionEntry(1, -1, session, prompts, running)
