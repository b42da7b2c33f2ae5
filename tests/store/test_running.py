import sqlite3

from traced.core.event import Event, Phase, StepChange
from traced.store.recorder import Recorder
from traced.store.running import running_sessions

NOW = 1_790_000_000_000


def started(number: int) -> Event:
    """A call that starts in a session of its own."""
    step = StepChange(Phase.START, "tool", "Bash", call_id="c", started_at=NOW)
    return Event("custom", f"s{number}", NOW, (step,), agent_pid=number)


def test_they_come_a_page_at_a_time(connection: sqlite3.Connection) -> None:
    """Each once, by key; a page that is not full is the last."""
    Recorder(connection).append([started(number) for number in range(1, 6)], NOW)

    first = running_sessions(connection, 0, 3)
    second = running_sessions(connection, first[-1].pk, 3)

    assert [each.session_id for each in first] == ["s1", "s2", "s3"]
    assert [each.agent_pid for each in second] == [4, 5]
