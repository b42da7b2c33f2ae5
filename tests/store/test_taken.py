import sqlite3

from traced.core.event import Event, Phase, StepChange
from traced.store.recorder import Recorder
from traced.store.taken import taken

NOW = 1_790_000_000_000


def step(session_id: str, event_id: str, at: int) -> Event:
    """A whole step that was told under an id."""
    change = StepChange(Phase.END, "tool", "Bash", started_at=at)
    return Event("custom", session_id, at, (change,), event_id=event_id)


def test_events_are_found_in_whatever_session(connection: sqlite3.Connection) -> None:
    """Of those that are asked for, the ones that came."""
    Recorder(connection).append([step("a", "1", NOW), step("b", "2", NOW)], NOW)

    assert taken(connection, ["1", "2", "3"], NOW) == {"1", "2"}


def test_sessions_that_ended_before_are_not_looked_into(connection: sqlite3.Connection) -> None:
    """Nothing happened in them since, so that nothing of them can be meant."""
    Recorder(connection).append([step("a", "1", NOW - 1), step("b", "2", NOW)], NOW)

    assert taken(connection, ["1", "2"], NOW) == {"2"}
