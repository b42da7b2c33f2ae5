"""Sessions in a store room that are let grow old."""

import json
import time
from contextlib import closing

from support.store import connect
from support.store_room import StoreRoom, rows
from traced.store.retention import DAY_MS, Limits

NINETY_DAYS = Limits(90 * DAY_MS, None)
ANY = Limits(None, None)


def line(session_id: str, number: int) -> bytes:
    """Return a step of a session as a line."""
    step = {"name": f"n{number}", "trace_type": "tool", "output": "x" * 400}
    return json.dumps({"v": 1, "session_id": session_id, **step}).encode()


async def record(room: StoreRoom, **sessions: int) -> None:
    """Record so many steps of each session."""
    for session_id, steps in sessions.items():
        for number in range(steps):
            room.put(line(session_id, number))
    await room.write_all()


def age(room: StoreRoom, session_id: str, days: float) -> None:
    """Let the last event of a session be so long ago."""
    with closing(connect(room.db)) as connection:
        last = time.time_ns() // 1_000_000 - round(days * DAY_MS)
        connection.execute(
            "UPDATE session SET last_event_at = ?1, heard_at = ?1 WHERE session_id = ?2",
            (last, session_id),
        )


def sessions(room: StoreRoom) -> set[str]:
    """Return which sessions there are to see."""
    return {row["session_id"] for row in rows(room.db, "SELECT session_id FROM sessions")}
