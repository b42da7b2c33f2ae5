import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import anyio
from structlog.testing import capture_logs
from support.ageing import ANY, NINETY_DAYS, age, record, sessions
from support.house import until
from support.store_room import StoreRoom, locked_database, store_room

from traced.core.wire import Control
from traced.ingest.even_clock import EvenClock
from traced.ingest.retention import Retention
from traced.store.reader import open_reader
from traced.store.retention import DAY_MS, Limits, file_bytes


@contextmanager
def cancelled_after(scope: anyio.CancelScope) -> Iterator[None]:
    """Cancel a scope when the block is over."""
    try:
        yield
    finally:
        scope.cancel()


def day_old_clock() -> EvenClock:
    """Return the real clock, which has been watched for a day."""
    firsts = iter((DAY_MS * 1_000_000, DAY_MS * 1_000_000))  # the first look at each of both clocks
    return EvenClock(
        lambda: time.time_ns() - next(firsts, 0), lambda: time.monotonic_ns() - next(firsts, 0)
    )


async def watched(
    room: StoreRoom, limits: Limits, clock: EvenClock | None = None
) -> dict[str, Any]:
    """Watch until one run is over; return what the log said, by its event."""
    retention = Retention(room.store, room.db, limits, lambda: 0, clock)
    with capture_logs() as said:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(retention.watch, 0.0)
            with cancelled_after(tasks.cancel_scope):
                await until(lambda: retention.told.last is not None, "a run")
    return {line["event"]: line for line in said}


async def test_what_was_removed_is_in_the_log(tmp_path: Path) -> None:
    """One line a run that removed something."""
    async with store_room(tmp_path) as room:
        await record(room, s=3)
        age(room, "s", 100)

        said = await watched(room, NINETY_DAYS, day_old_clock())

    assert said.keys() == {"retention"}
    assert said["retention"]["log_level"] == "info"
    assert (said["retention"]["sessions"], said["retention"]["steps"]) == (1, 3)


async def test_a_clock_that_may_be_wrong_removes_nothing_by_age(tmp_path: Path) -> None:
    """It is said once; the size limit holds all the same, and what was asked for is done."""
    async with store_room(tmp_path) as room:
        await record(room, s=3, t=300)
        age(room, "s", 100)
        age(room, "t", 101)
        retention = Retention(room.store, room.db, NINETY_DAYS, lambda: 0)
        with capture_logs() as said:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(retention.watch, 0.0, 0.05)
                await until(lambda: retention.told.last is not None, "a run")
                retention.told.last = None
                await until(lambda: retention.told.last is not None, "another run")
                with closing(open_reader(room.db)) as connection:
                    full = file_bytes(connection)
                assert sessions(room) == {"s", "t"}
                assert retention.told.put_off is not None

                retention.limits = Limits(90 * DAY_MS, full - 10_000)
                await until(lambda: sessions(room) == {"s"}, "the removal by size")

                retention.ask(NINETY_DAYS)
                with cancelled_after(tasks.cancel_scope):
                    await until(lambda: sessions(room) == set(), "the removal that was asked for")

    put_off = [line for line in said if line["event"] == "retention_put_off"]
    assert [line["log_level"] for line in put_off] == ["warning"]
    assert put_off[0]["why"].startswith("sessions past the age limit stay for now (2): ")


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
        retention = Retention(room.store, room.db, NINETY_DAYS, lambda: 0, day_old_clock())
        async with anyio.create_task_group() as tasks:
            with locked_database(room.db):
                tasks.start_soon(retention.watch, 0.0, 0.05)
                await until(lambda: retention.told.failure is not None, "a failure")
            with cancelled_after(tasks.cancel_scope):
                await until(lambda: retention.told.sessions_removed == 1, "the removal")

    assert retention.told.failure is None
