"""Sessions that are hidden and deleted by hand, slice by slice."""

import sqlite3
from functools import partial
from typing import Any

from support.store import NOW, event, start, whole
from traced.core.event import AgentStarted, Event, PromptSubmitted
from traced.store import removal
from traced.store.recorder import Recorder
from traced.store.removal import Slice
from traced.store.retention import DAY_MS, StepRange

LATER = NOW + 2 * DAY_MS


def told(session: str, **fields: Any) -> list[Event]:
    """Return events that leave a row in every table but that of permission requests."""
    return [
        event(PromptSubmitted("p1", "user", "Do it"), session=session, event_id="e1"),
        event(AgentStarted("a1", "explore", "p1"), session=session),
        start("c1", session=session, event_id="e2", agent_id="a1"),
        whole(session=session, **fields),
    ]


def hide(recorder: Recorder, *pks: int, unused_since: int = LATER - DAY_MS) -> Slice:
    """Hide sessions, two days after their last event."""
    ranges = [StepRange(pk, None, None) for pk in pks]
    work = partial(removal.hide, sessions=ranges, unused_since=unused_since, now=LATER)
    return recorder.remove(work)


def delete(recorder: Recorder, connection: sqlite3.Connection, rows_max: int = 1000) -> None:
    """Delete all that is hidden, in slices of so many rows."""
    pks = [pk for (pk,) in connection.execute("SELECT pk FROM session WHERE removed_at > 0")]
    ids = [step_id for (step_id,) in connection.execute("SELECT id FROM step")]
    for at in range(0, len(ids), rows_max):
        recorder.remove(partial(removal.delete_steps, ids=ids[at : at + rows_max]))
    while recorder.remove(partial(removal.delete_rest, pks=pks, rows_max=rows_max)).rows:
        pass
