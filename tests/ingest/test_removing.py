from contextlib import closing
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from support.ageing import ANY, NINETY_DAYS, age, line, record, sessions
from support.store import connect
from support.store_room import StoreRoom, locked_database, rows, store_room

from traced.core.errors import StoreBusy
from traced.core.event import Outcome
from traced.ingest.removing import Removed, Run
from traced.ingest.slices import ALONE
from traced.store.retention import Limits


async def run(room: StoreRoom, limits: Limits) -> Removed:
    """Run once, with nobody beside it."""
    return await Run(room.store, room.db, lambda: 0, shares=ALONE, free_bytes_kept=0).remove(limits)


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
