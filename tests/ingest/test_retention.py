import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from structlog.testing import capture_logs
from support.house import until
from support.store import connect
from support.store_room import StoreRoom, locked_database, rows, store_room

from traced.core.errors import StoreBusy
from traced.core.event import Outcome
from traced.core.wire import Control
from traced.ingest.retention import Removed, Retention, Run
from traced.ingest.slices import ALONE
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


async def run(room: StoreRoom, limits: Limits) -> Removed:
    """Run once, with nobody beside it."""
    return await Run(room.store, room.db, lambda: 0, shares=ALONE, free_bytes_kept=0).remove(limits)


def sessions(room: StoreRoom) -> set[str]:
    """Return which sessions there are to see."""
    return {row["session_id"] for row in rows(room.db, "SELECT session_id FROM sessions")}


async def test_a_run_removes_what_is_too_old(tmp_path: Path) -> None:
    """Whole, with its steps; what stays is untouched and the file smaller."""
    async with store_room(tmp_path) as room:
        await record(room, old=900, young=3)
        age(room, "old", 91)

        removed = await run(room, NINETY_DAYS)

        assert (removed.sessions, removed.steps, removed.unmet) == (1, 900, None)
        assert sessions(room) == {"young"}
        assert rows(room.db, "SELECT count(*) AS n FROM step") == [{"n": 3}]
        assert removed.bytes_after < removed.bytes_before / 3
        assert room.db.stat().st_size == removed.bytes_after


async def test_a_run_removes_what_is_too_much(tmp_path: Path) -> None:
    """The longest unused go until what is left has the size."""
    async with store_room(tmp_path) as room:
        empty = (await run(room, ANY)).bytes_after
        await record(room, a=300, b=300, c=300)
        for days, session_id in ((4, "a"), (3, "b"), (2, "c")):
            age(room, session_id, days)
        room_of_two = empty + round(((await run(room, ANY)).bytes_after - empty) * 0.75)

        removed = await run(room, Limits(None, room_of_two))

        assert sessions(room) == {"b", "c"}
        assert room.db.stat().st_size == removed.bytes_after <= room_of_two
        assert removed.unmet is None


async def test_a_run_goes_on_with_what_another_left(tmp_path: Path) -> None:
    """Hidden sessions are found by looking, whoever hid them and whatever the limits are."""
    async with store_room(tmp_path) as room:
        await record(room, s=20, t=1)
        with closing(connect(room.db)) as connection:
            connection.execute("UPDATE session SET removed_at = 1 WHERE session_id = 's'")
            connection.execute("DELETE FROM step WHERE id < 10")

        removed = await run(room, ANY)

        assert (removed.sessions, removed.steps) == (0, 11)
        assert rows(room.db, "SELECT session_id FROM session") == [{"session_id": "t"}]


async def test_a_limit_that_cannot_be_met_is_told(tmp_path: Path) -> None:
    """What was used today stays."""
    async with store_room(tmp_path) as room:
        await record(room, today=5)

        removed = await run(room, Limits(None, 1))

        assert removed.sessions == 0
        assert removed.unmet is not None
        assert sessions(room) == {"today"}


async def test_old_rejected_rows_go_too(tmp_path: Path) -> None:
    """By age alone."""
    async with store_room(tmp_path) as room:
        room.put(b"no json", b"nor this")
        await room.write_all()
        with closing(connect(room.db)) as connection:
            connection.execute("UPDATE rejected SET received_at = 1 WHERE id = 1")

        assert (await run(room, Limits(None, 1))).rejected == 0
        assert (await run(room, NINETY_DAYS)).rejected == 1
        assert rows(room.db, "SELECT id FROM rejected") == [{"id": 2}]


async def test_a_session_that_gets_events_while_it_is_deleted_starts_anew(tmp_path: Path) -> None:
    """Its new steps are not among those that are deleted."""
    async with store_room(tmp_path) as room:
        await record(room, s=3)
        age(room, "s", 100)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run, room, NINETY_DAYS)
            with anyio.fail_after(30):
                while rows(room.db, "SELECT * FROM removal") == []:
                    await anyio.lowlevel.checkpoint()
            outcomes = await again(room)

        assert [outcome.step_order for outcome in outcomes] == [1, 2]
        assert rows(room.db, "SELECT step_order FROM step ORDER BY id") == [
            {"step_order": 1}, {"step_order": 2},
        ]  # fmt: skip


async def again(room: StoreRoom) -> list[Outcome]:
    """Record two more steps of session s, by another writer on the same store."""
    other = StoreRoom(room.db, room.store, 1000)
    other.put(line("s", 1), line("s", 2))
    await other.write_all()
    return other.outcomes


async def test_a_database_that_is_locked_ends_a_run(tmp_path: Path) -> None:
    """The next one goes on: nothing was half done."""
    async with store_room(tmp_path) as room:
        await record(room, s=3)
        age(room, "s", 100)
        await room.store.hurry()
        with locked_database(room.db), pytest.raises(StoreBusy):
            await run(room, NINETY_DAYS)
        assert sessions(room) == {"s"}

        assert (await run(room, NINETY_DAYS)).steps == 3


@contextmanager
def cancelled_after(scope: anyio.CancelScope) -> Iterator[None]:
    """Cancel a scope when the block is over."""
    try:
        yield
    finally:
        scope.cancel()


async def watched(room: StoreRoom, limits: Limits, first: float = 0.0) -> dict[str, Any]:
    """Watch until one run is over; return what the log said, by its event."""
    retention = Retention(room.store, room.db, limits, lambda: 0)
    with capture_logs() as said:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(retention.watch, first)
            with cancelled_after(tasks.cancel_scope):
                await until(lambda: retention.told.last is not None, "a run")
    return {line["event"]: line for line in said}


async def test_what_was_removed_is_in_the_log(tmp_path: Path) -> None:
    """One line a run that removed something."""
    async with store_room(tmp_path) as room:
        await record(room, s=3)
        age(room, "s", 100)

        said = await watched(room, NINETY_DAYS)

    assert said.keys() == {"retention"}
    assert said["retention"]["log_level"] == "info"
    assert (said["retention"]["sessions"], said["retention"]["steps"]) == (1, 3)


async def test_a_run_without_work_says_nothing(tmp_path: Path) -> None:
    """An hour in which nothing grew old is no news."""
    async with store_room(tmp_path) as room:
        assert await watched(room, NINETY_DAYS) == {}


async def test_an_unmet_limit_is_warned_about(tmp_path: Path) -> None:
    """The operator may want to raise it."""
    async with store_room(tmp_path) as room:
        await record(room, s=3)

        said = await watched(room, Limits(None, 1))

    assert said["retention_limit_unmet"]["log_level"] == "warning"


async def test_a_run_that_was_asked_for_comes_at_once(tmp_path: Path) -> None:
    """With its own limits, and its number is told when it is over."""
    async with store_room(tmp_path) as room:
        await record(room, s=3)
        age(room, "s", 2)
        retention = Retention(room.store, room.db, NINETY_DAYS, lambda: 0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(retention.watch, 3600.0)
            asked = Control("prune", db=str(room.db), age_ms_max=DAY_MS)
            with cancelled_after(tasks.cancel_scope):
                assert retention.answer(asked) == {"request": 1}
                await until(lambda: retention.told.requests_done == 1, "the run")

    assert (retention.told.sessions_removed, retention.told.steps_removed) == (1, 3)


async def test_a_prune_of_another_database_is_refused(tmp_path: Path) -> None:
    """Who asks names the database that he means; links to it mean it too."""
    async with store_room(tmp_path) as room:
        retention = Retention(room.store, room.db, ANY, lambda: 0)
        link = tmp_path / "link"
        link.symlink_to(tmp_path)

        assert "request" in retention.answer(Control("prune", db=str(link / room.db.name)))
        for other in (None, str(tmp_path / "other.db")):
            assert retention.answer(Control("prune", db=other)) == {
                "error": f"db is {other}, expected {room.db}, which this daemon writes"
            }


async def test_a_run_that_fails_is_told_and_the_watch_goes_on(tmp_path: Path) -> None:
    """Its failure is in the status until a run succeeds."""
    async with store_room(tmp_path) as room:
        await record(room, s=3)
        age(room, "s", 100)
        await room.store.hurry()
        retention = Retention(room.store, room.db, NINETY_DAYS, lambda: 0)
        async with anyio.create_task_group() as tasks:
            with locked_database(room.db):
                tasks.start_soon(retention.watch, 0.0, 0.05)
                await until(lambda: retention.told.failure is not None, "a failure")
            with cancelled_after(tasks.cancel_scope):
                await until(lambda: retention.told.sessions_removed == 1, "the removal")

    assert retention.told.failure is None
