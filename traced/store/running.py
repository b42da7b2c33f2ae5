"""
The sessions in which something runs, to check whether their agents are still alive.

Law: a page at a time, by key, off the indexes that hold what runs alone.
"""

import sqlite3

from msgspec import Struct

from traced.store.statements import statement


class RunningSession(Struct, frozen=True):
    """A session in which something runs: whose process it is, and when it was heard of last."""

    pk: int
    agent: str
    session_id: str
    owner_uid: int
    agent_pid: int | None
    heard_at: int


def running_sessions(
    connection: sqlite3.Connection, after_pk: int, sessions_max: int
) -> list[RunningSession]:
    """
    Return so many of them after a key, in the order of their keys; 0 is before all.

    Raises:
        sqlite3.Error: If they cannot be read.
    """
    asked = {"after_pk": after_pk, "sessions_max": sessions_max}
    found = connection.execute(statement("select_running_sessions"), asked)
    return [RunningSession(*row) for row in found.fetchall()]
