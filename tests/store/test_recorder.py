import sqlite3
from pathlib import Path

import pytest
from support.store import (
    NOW,
    append,
    end,
    event,
    rows,
    start,
    statuses,
    whole,
    writer,
)

from traced.core.event import (
    AgentStarted,
    ModelChanged,
    Outcome,
    PromptSubmitted,
    Rejected,
    RunningLost,
    SessionStarted,
)
from traced.store.recorder import (
    SESSIONS_AT_ONCE_MAX,
    Recorder,
    _parts,
)
from traced.store.running import RunningSession

REFUSED = Rejected("not_json", "no JSON at byte 0 of 3", b"abc", 3, "custom", "s1", "line")


def step(connection: sqlite3.Connection, call_id: str) -> dict[str, object]:
    """Return the one row of a call."""
    (row,) = rows(connection, "SELECT * FROM execution_traces WHERE call_id = ?", call_id)
    return row


def test_outcomes_are_in_the_order_of_the_entries(recorder: Recorder) -> None:
    """Whatever becomes of an entry, its outcome stands at its place."""
    outcomes = append(
        recorder,
        whole(event_id="e1"),
        REFUSED,
        event(event_id="nothing"),
        whole(event_id="e1"),
        whole(session="s2"),
        event(PromptSubmitted(None, "user", "do it"), event_id="e2"),
        whole(step_order=1, event_id="e3"),
        whole(),
    )

    assert statuses(outcomes) == [
        ("stored", 1),
        ("rejected", None),
        ("ignored", None),
        ("duplicate", 1),
        ("stored", 1),
        ("stored", None),
        ("rejected", None),
        ("stored", 2),
    ]
    assert [outcome.event_id for outcome in outcomes[:5]] == ["e1", "line", "nothing", "e1", None]
    assert [outcome.session_id for outcome in outcomes[3:6]] == ["s1", "s2", "s1"]


def test_an_empty_batch_proves_that_it_can_commit(recorder: Recorder) -> None:
    """It needs no event to find out."""
    assert append(recorder) == []
    recorder.prove()


def test_a_rejected_line_is_kept(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """The row has what is left of it, and the answer says why."""
    (outcome,) = append(recorder, REFUSED)

    assert outcome == Outcome(
        event_id="line",
        status="rejected",
        session_id="s1",
        error="no JSON at byte 0 of 3",
        reason="not_json",
    )
    (row,) = rows(connection, "SELECT * FROM rejected_events")
    assert row == {
        "id": 1,
        "received_at": "2026-11-22T14:00:00.000Z",
        "kind": "rejected",
        "agent": "custom",
        "session_id": "s1",
        "count": 1,
        "reason": "not_json",
        "detail": "no JSON at byte 0 of 3",
        "raw": b"abc",
        "length": 3,
    }


def test_what_was_saved_of_a_rejected_line_takes_effect(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """A line that was too long still ends its call, and is rejected once."""
    long_end = Rejected("too_long", "9 MiB", b"{", 9, "custom", "s1", salvaged=end("c1"))
    outcomes = append(recorder, start("c1"), long_end, whole())

    assert statuses(outcomes) == [("stored", 1), ("rejected", None), ("stored", 2)]
    assert step(connection, "c1")["status"] == "ok"
    assert rows(connection, "SELECT reason FROM rejected_events") == [{"reason": "too_long"}]


def test_only_so_many_rejected_rows_are_kept(path: Path) -> None:
    """At the bound they are only counted, by their outcomes; a restart does not forget it."""
    connection = writer(path)
    connection.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)"
        " INSERT INTO rejected (received_at, kind, reason) SELECT i, 'rejected', 'not_json' FROM n"
    )
    recorder = Recorder(connection)
    outcomes = append(recorder, REFUSED, REFUSED)
    outcomes += append(Recorder(connection), REFUSED)

    assert [outcome.status for outcome in outcomes] == ["rejected"] * 3
    assert connection.execute("SELECT count(*) FROM rejected").fetchone() == (10_000,)
    connection.close()


def test_a_call_that_was_started_in_another_life_is_ended(path: Path) -> None:
    """Its two events make one row, whatever happened to the daemon between them."""
    connection = writer(path)
    append(Recorder(connection), start("c1", input_summary="ls", event_id="e1"))
    connection.close()
    connection = writer(path)
    (outcome,) = append(Recorder(connection), end("c1", output_summary="x", event_id="e2"))

    row = step(connection, "c1")
    assert (outcome.status, outcome.step_order) == ("stored", 1)
    assert (row["status"], row["input_summary"], row["output_summary"]) == ("ok", "ls", "x")
    assert (row["event_id"], row["duration_ms"]) == ("e1", 1000.0)
    assert row["revision"] != row["id"]
    connection.close()


def test_many_sessions_in_one_batch(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """A batch that is worked on in parts is one all the same."""
    outcomes = append(
        recorder,
        *(whole(session=f"s{number % 800}", event_id=f"e{number}") for number in range(2000)),
        *(whole(session=f"s{number}", event_id=f"e{number}") for number in range(800)),
    )

    assert statuses(outcomes) == (
        [("stored", 1)] * 800 + [("stored", 2)] * 800 + [("stored", 3)] * 400
        + [("duplicate", 1)] * 800
    )  # fmt: skip
    assert connection.execute("SELECT count(*) FROM step").fetchone() == (2000,)


def test_a_batch_concerns_a_bounded_number_of_sessions_at_once() -> None:
    """What has to be in memory is bounded so; the parts are the batch, in its order."""
    batch = [whole(session=f"s{number % 800}") for number in range(2000)]
    parts = [list(part) for part in _parts(batch)]

    assert [entry for part in parts for entry in part] == batch
    assert {len({entry.session_id for entry in part}) for part in parts} == {SESSIONS_AT_ONCE_MAX}
    assert list(_parts(batch[:SESSIONS_AT_ONCE_MAX])) == [batch[:SESSIONS_AT_ONCE_MAX]]
    assert list(_parts([])) == [[]]


def test_one_id_of_two_agents_is_two_sessions(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """Neither steps nor event ids of one reach the other."""
    outcomes = append(
        recorder, whole(agent="codex", event_id="e"), whole(agent="claude-code", event_id="e")
    )

    assert statuses(outcomes) == [("stored", 1), ("stored", 1)]
    assert rows(connection, "SELECT agent, steps FROM sessions ORDER BY agent") == [
        {"agent": "claude-code", "steps": 1},
        {"agent": "codex", "steps": 1},
    ]


@pytest.mark.parametrize(("by_owner", "sessions"), [(True, 2), (False, 1)])
def test_where_users_share_a_daemon_each_has_its_own_sessions(
    connection: sqlite3.Connection, *, by_owner: bool, sessions: int
) -> None:
    """The sender's uid is part of the identity there, and nowhere else."""
    for _ in range(2):  # the second recorder has to find them again
        recorder = Recorder(connection, by_owner=by_owner)
        append(recorder, whole(peer_uid=1000), whole(peer_uid=1001))

    assert connection.execute("SELECT count(*) FROM session").fetchone() == (sessions,)
    assert connection.execute("SELECT max(step_order) FROM step").fetchone() == (4 // sessions,)


def test_the_agents_of_sessions_are_known(recorder: Recorder) -> None:
    """The first one, where several have used the id: what is sent again goes where it went."""
    assert recorder.agents_of(["s1"]) == {"s1": None}
    append(recorder, whole(agent="codex"), now=NOW)
    append(recorder, whole(agent="cursor"), now=NOW + 1)
    assert recorder.agents_of(["s1", "s2"]) == {"s1": "codex", "s2": None}


def test_sessions_with_running_steps_are_told(recorder: Recorder) -> None:
    """Each once, with the agent's process and when it was heard of last, until nothing runs."""
    append(
        recorder,
        event(SessionStarted(continues=False), agent_pid=4711),
        start("c1"),
        start("c2"),
        whole(session="s2"),
    )
    assert recorder.running_sessions(0, 9) == [RunningSession(1, "custom", "s1", -1, 4711, NOW)]

    append(recorder, event(RunningLost(), at=NOW + 5), now=NOW + 9)
    assert recorder.running_sessions(0, 9) == []


def test_a_sequence_never_goes_down(recorder: Recorder, connection: sqlite3.Connection) -> None:
    """Ids and revisions are used once, even where the rows that had them are gone."""
    append(recorder, whole(), whole(), start("c1"), whole())
    append(recorder, end("c1"))
    connection.execute("DELETE FROM step")
    append(Recorder(connection), whole())

    assert rows(connection, "SELECT id, revision FROM step") == [{"id": 6, "revision": 6}]


def test_changed_rows_are_found_by_their_revision(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """`revision > ? AND revision <> id` finds exactly what was there already and is new now."""
    append(recorder, whole(), start("c1"), start("c2"), start("c3"))
    (newest,) = connection.execute("SELECT max(revision) FROM step").fetchone()
    append(recorder, end("c3"), whole(), start("c4"), end("c4"), end("c1"))

    changed = "SELECT call_id FROM step WHERE revision > ? AND revision <> id ORDER BY revision"
    assert connection.execute(changed, (newest,)).fetchall() == [("c3",), ("c1",)]
    made = "SELECT count(*) FROM step WHERE id > ? AND revision = id"
    assert connection.execute(made, (newest,)).fetchone() == (2,)


def test_events_without_a_step_leave_none(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """They change their session, and are told as stored without an order."""
    outcomes = append(
        recorder,
        event(ModelChanged(), model="opus"),
        event(AgentStarted("a1", "explore", None)),
    )

    assert statuses(outcomes) == [("stored", None), ("stored", None)]
    assert rows(connection, "SELECT model, steps FROM sessions") == [{"model": "opus", "steps": 0}]


def test_to_prove_that_it_can_commit_it_writes(path: Path, recorder: Recorder) -> None:
    """An empty transaction succeeds on a full disk too, so something goes into the log."""
    log = path.with_name("traced.db-wal")
    before = log.stat().st_size
    recorder.prove()

    assert log.stat().st_size > before
