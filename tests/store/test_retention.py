import sqlite3

import pytest
from support.rows import START, Recording

from traced.core.errors import StoreError
from traced.store.reader import ReadConnection
from traced.store.retention import (
    DAY_MS,
    Limits,
    StepRange,
    doubt,
    file_bytes,
    limits_of,
    plan,
    step_ids,
    step_ranges,
)

NO_LIMIT = Limits(None, None)
AGE = Limits(90 * DAY_MS, None)


def recorded(recording: Recording, days_ago: float, steps: int = 0) -> int:
    """Add a session whose last event came so long ago; return its key."""
    pk = recording.session(
        f"{days_ago} days ago", last_event_at=START - round(days_ago * DAY_MS), steps=steps
    )
    for order in range(1, steps + 1):
        recording.step(pk, order, output_summary="x" * 500)
    return pk


def pks(reader: ReadConnection, limits: Limits) -> list[int]:
    """Return which sessions would go."""
    return [each.pk for each in plan(reader, limits, START).sessions]


def test_sessions_over_the_age_go_the_longest_unused_first(
    recording: Recording, reader: ReadConnection
) -> None:
    """The last event decides; at the limit itself a session stays."""
    second, first = recorded(recording, 91), recorded(recording, 92)
    recorded(recording, 90)

    assert pks(reader, AGE) == [first, second]


def doubted(reader: ReadConnection, hours_even: float, limits: Limits = AGE) -> str | None:
    """Return what is doubted by a clock that has run evenly for so many hours before the start."""
    return doubt(reader, limits, START + round(hours_even * DAY_MS / 24), START)


def test_a_clock_by_which_nothing_was_used_for_long_is_doubted(
    recording: Recording, reader: ReadConnection
) -> None:
    """What came since it was first read says nothing about it."""
    for days in (200, 100, 8, -0.01):
        recorded(recording, days)

    assert doubted(reader, 1) == (
        "sessions past the age limit stay for now (2): nothing was recorded for 8 days before the"
        " daemon started or the clock was set, so the clock may be wrong; they go once it has run"
        " for 24 hours"
    )


def test_a_clock_is_believed_that_was_used_lately_or_runs_for_a_day(
    recording: Recording, reader: ReadConnection
) -> None:
    """And one by which nothing is too old, or without a limit, does no harm."""
    recorded(recording, 8)
    assert doubted(reader, 1) is None

    recorded(recording, 100)
    assert doubted(reader, 23.9) is not None
    assert doubted(reader, 24) is None
    assert doubted(reader, 1, NO_LIMIT) is None

    recording.session("heard of", last_event_at=START - 99 * DAY_MS, heard_at=START - 7 * DAY_MS)
    assert doubted(reader, 1) is None


def test_without_limits_nothing_goes(recording: Recording, reader: ReadConnection) -> None:
    """However old it is."""
    recorded(recording, 9999, steps=3)

    assert pks(reader, NO_LIMIT) == []


def test_zero_in_the_settings_is_no_limit() -> None:
    """And anything else is days and bytes."""
    assert limits_of(0, 0) == NO_LIMIT
    assert limits_of(90, 5) == Limits(90 * DAY_MS, 5)


def test_sessions_over_the_size_go_the_longest_unused_first(
    recording: Recording, reader: ReadConnection
) -> None:
    """As many as have that share of the rows, and no more."""
    oldest, older = recorded(recording, 8, steps=200), recorded(recording, 7, steps=200)
    for days in (6, 5):
        recorded(recording, days, steps=200)
    used = plan(reader, NO_LIMIT, START).bytes_used

    assert pks(reader, Limits(None, used)) == []
    assert pks(reader, Limits(None, round(used * 0.8))) == [oldest]
    assert pks(reader, Limits(None, round(used * 0.6))) == [oldest, older]


def test_a_plan_tells_sessions_steps_and_about_how_many_bytes(
    recording: Recording, reader: ReadConnection
) -> None:
    """Half of the rows are half of what is used."""
    recorded(recording, 100, steps=150)
    recorded(recording, 1, steps=150)

    found = plan(reader, AGE, START)

    assert (len(found.sessions), found.steps, found.unmet) == (1, 150, None)
    assert found.bytes_about == pytest.approx(found.bytes_used / 2, rel=0.01)


def test_a_session_that_was_used_today_stays(recording: Recording, reader: ReadConnection) -> None:
    """Neither age nor size removes it, and the plan says so of each."""
    recorded(recording, 0.9, steps=5)
    old = recorded(recording, 1.1, steps=5)

    by_age = plan(reader, Limits(DAY_MS // 2, None), START)
    by_size = plan(reader, Limits(None, 1), START)

    assert [each.pk for each in by_age.sessions] == [each.pk for each in by_size.sessions] == [old]
    assert by_age.unmet == "1 older sessions stay, as they were used in the last 24 hours"
    assert by_size.unmet is not None
    assert by_size.unmet.endswith(
        "expected at most 1: the other sessions were used in the last 24 hours"
    )


def test_a_session_that_the_spool_kept_stays_a_day(
    recording: Recording, reader: ReadConnection
) -> None:
    """What happened long ago and was heard of today was used today."""
    heard = recording.session("kept", last_event_at=START - 91 * DAY_MS, heard_at=START - DAY_MS)

    assert pks(reader, AGE) == []
    assert plan(reader, AGE, START).unmet is not None
    assert [each.pk for each in plan(reader, AGE, START + 1).sessions] == [heard]


def test_what_is_being_deleted_is_not_counted(recording: Recording, reader: ReadConnection) -> None:
    """Hidden sessions go already: their bytes are no reason to remove others."""
    recorded(recording, 100, steps=200)
    recorded(recording, 50, steps=200)
    whole = plan(reader, NO_LIMIT, START).bytes_used
    recording.connection.execute("UPDATE session SET removed_at = 1 WHERE pk = 1")

    found = plan(reader, Limits(1 * DAY_MS, round(whole * 0.6)), START)

    assert [each.pk for each in found.sessions] == [2]
    assert found.bytes_used == pytest.approx(whole / 2, rel=0.01)


def test_ranges_tell_between_which_ids_steps_lie(
    recording: Recording, reader: ReadConnection
) -> None:
    """Explicit orders do not mislead; a session without steps has no range."""
    first, empty = recorded(recording, 3), recorded(recording, 2)
    for order in (7, 2, 5):
        recording.step(first, order)

    assert step_ranges(reader, [first, empty]) == [
        StepRange(first, 1, 3),
        StepRange(empty, None, None),
    ]


def test_hidden_sessions_are_named_with_their_highest_ids_first(
    recording: Recording, reader: ReadConnection
) -> None:
    """Whichever of them a step is of, and of no other session."""
    one, other, kept = (recorded(recording, days) for days in (3, 2, 1))
    for order, pk in enumerate((one, kept, other, one), start=1):
        recording.step(pk, order)
    recording.connection.execute("UPDATE session SET removed_at = 1 WHERE pk <> ?", (kept,))

    assert step_ids(reader, 9, 9) == ([one, other], [4, 3, 1])
    assert step_ids(reader, 9, 2) == ([one, other], [4, 3])
    assert step_ids(reader, 1, 9) == ([one], [4, 1])


def test_without_hidden_sessions_there_is_nothing_to_delete(
    recording: Recording, reader: ReadConnection
) -> None:
    """Steps of others are not named."""
    recorded(recording, 100, steps=2)

    assert step_ids(reader, 9, 9) == ([], [])


def test_the_size_of_the_file_is_known_before_the_log_is_in_it(
    recording: Recording, reader: ReadConnection
) -> None:
    """It is what the file will have then."""
    recorded(recording, 1, steps=300)
    found = file_bytes(reader)
    recording.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    assert found == recording.path.stat().st_size > 100_000


def test_a_database_that_cannot_be_read_is_told(
    recording: Recording, reader: ReadConnection
) -> None:
    """As an error that says so."""
    recording.connection.execute("DROP VIEW sessions")
    recording.connection.execute("ALTER TABLE session RENAME TO gone")

    with pytest.raises(StoreError, match="no such table"):
        plan(reader, AGE, START)


def test_looking_changes_nothing(recording: Recording, reader: ReadConnection) -> None:
    """Not even a page: the connection could not."""
    recorded(recording, 100, steps=2)
    plan(reader, AGE, START)

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("UPDATE session SET removed_at = 1")
