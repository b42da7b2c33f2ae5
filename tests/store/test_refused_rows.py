import sqlite3
from pathlib import Path

import pytest
from support.store import append, rows, writer

from traced.core.event import Rejected
from traced.store import refused_rows
from traced.store.recorder import Recorder

JUNK = Rejected("not_json", "no JSON at byte 0 of 4", b"junk", 4)


def loss(reason: str = "shutdown", count: int = 1) -> Rejected:
    """Return what tells of lost events."""
    return Rejected(reason, "why", None, 0, kind="discarded", count=count)


def told(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Return what the rows say, the oldest first."""
    return connection.execute(
        "SELECT kind, reason, count, raw FROM rejected_events ORDER BY id"
    ).fetchall()


def test_a_loss_has_a_row_however_many_events_were_rejected(
    connection: sqlite3.Connection, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One broken client does not hide what was lost."""
    monkeypatch.setattr(refused_rows, "REJECTED_ROWS_MAX", 2)
    append(recorder, JUNK, JUNK, JUNK, loss())
    append(recorder, JUNK, loss("spool_full"))

    assert told(connection) == [
        ("rejected", "not_json", 1, b"junk"),
        ("rejected", "not_json", 1, b"junk"),
        ("discarded", "shutdown", 1, None),
        ("discarded", "spool_full", 1, None),
    ]


def test_many_losses_are_added_to_the_latest_of_their_reason(
    connection: sqlite3.Connection, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one event is missing from the sum, and a reason without a row gets one."""
    monkeypatch.setattr(refused_rows, "DISCARDED_ROWS_MAX", 2)
    append(recorder, loss(count=1), loss(count=10), loss(count=100))
    append(recorder, loss(count=1000), loss("spool_full", count=7))

    assert told(connection) == [
        ("discarded", "shutdown", 1, None),
        ("discarded", "shutdown", 1110, None),
        ("discarded", "spool_full", 7, None),
    ]


def test_raw_lines_have_a_bound_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row beyond it still says what was wrong; a restart does not forget what is there."""
    monkeypatch.setattr(refused_rows, "RAW_BYTES_MAX", 10)
    connection = writer(path)
    append(Recorder(connection), JUNK, JUNK)
    append(Recorder(connection), JUNK, Rejected("not_json", "shorter", b"ju", 2))

    assert rows(connection, "SELECT raw FROM rejected ORDER BY id") == [
        {"raw": raw} for raw in (b"junk", b"junk", None, b"ju")
    ]
    connection.close()


def test_rows_that_somebody_deleted_make_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there counts, not what was."""
    monkeypatch.setattr(refused_rows, "REJECTED_ROWS_MAX", 1)
    connection, other = writer(path), writer(path)
    recorder = Recorder(connection)
    append(recorder, JUNK)
    other.execute("DELETE FROM rejected")
    append(recorder, JUNK)

    assert len(told(connection)) == 1
    other.close()
    connection.close()
