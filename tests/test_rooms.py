"""Settings reach the rooms that they are for."""

import threading
from pathlib import Path

import anyio
from support.house import control, native, turns
from support.rooms import rooms_in
from support.served import config_in, served
from support.store_room import rows

from traced.core.event import Rejected
from traced.rooms import Rooms
from traced.store.retention import DAY_MS, Limits


async def test_bounds_reach_the_protocol(short_folder: Path) -> None:
    """A line beyond `line_bytes_max` is rejected, its neighbour taken."""
    async with served(short_folder, line_bytes_max=8192) as daemon:
        await daemon.ready.wait()
        client = await daemon.client(native(1), native(2, input="x" * 8192), control("flush"))

        assert (await client.answer())["events"] == 2
        status = await daemon.status()
        assert (status["stored"], status["rejected"]) == (1, {"too_long": 1})


async def test_patterns_reach_every_text(short_folder: Path) -> None:
    """One of the user's own is taken out of what is stored and of what is rejected."""
    async with served(short_folder, **{"redact.patterns": ["hush[0-9]+"]}) as daemon:
        await daemon.ready.wait()
        client = await daemon.client(
            native(1, input="say hush123 twice"), b"no json hush456\n", control("flush")
        )
        await client.answer()

        (step,) = rows(daemon.config.db, "SELECT input_summary FROM execution_traces")
        (refused,) = rows(daemon.config.db, "SELECT raw FROM rejected_events")
        assert step["input_summary"] == "say [redacted:custom] twice"
        assert refused["raw"] == b"no json [redacted:custom]"


async def test_status_looks_into_the_rooms(short_folder: Path) -> None:
    """What it tells of is what happens: one client, one commit, nothing that waits."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        client = await daemon.client(native(1), control("flush"))
        await client.answer()

        status = await daemon.status()
        assert (status["state"], status["connections"], status["queued"]) == ("ok", 2, 0)
        assert status["spool_files"] == 0


async def test_limits_reach_the_retention(short_folder: Path) -> None:
    """At the start and at a reload; 0 is none."""
    async with rooms_in(short_folder) as (rooms, _):
        assert rooms.retention.limits == Limits(90 * DAY_MS, 2 << 30)

        settings = {"retention.days_max": 7, "retention.bytes_max": 0}
        await rooms.use(config_in(short_folder, **settings))
        assert rooms.retention.limits == Limits(7 * DAY_MS, None)


def kept_of(rooms: Rooms) -> tuple[str | None, str | None]:
    """What would be stored now of a value: its summary, and all of it."""
    return rooms._capture.value("say hush"), rooms._capture.whole("say hush")


async def test_reloaded_settings_hold_at_once(short_folder: Path) -> None:
    """Whatever the database is doing: what is translated next goes by the new ones."""
    may_end = threading.Event()
    new = config_in(short_folder, capture="full", **{"redact.patterns": ["hush"]})
    async with rooms_in(short_folder) as (rooms, store), anyio.create_task_group() as tasks:
        tasks.start_soon(store.run, lambda _recorder: may_end.wait(30))
        await turns()
        assert kept_of(rooms) == ("say hush", None)
        with anyio.fail_after(20):
            await rooms.use(new)

        assert kept_of(rooms) == ("say [redacted:custom]", '"say [redacted:custom]"')
        may_end.set()


async def test_reloaded_settings_hold_without_a_database(short_folder: Path) -> None:
    """While it cannot be used nothing is taken, and what is taken next goes by them."""
    nowhere = short_folder / "gone" / "t.db"
    async with rooms_in(short_folder, db=nowhere) as (rooms, _):
        await rooms.use(config_in(short_folder, db=nowhere, capture="metadata"))

        assert kept_of(rooms) == (None, None)


async def test_reloaded_settings_hold_for_who_is_connected(short_folder: Path) -> None:
    """Of what its next line says nothing is kept, though the protocol was made before."""
    async with rooms_in(short_folder) as (rooms, _):
        there = rooms._protocol()
        await rooms.use(config_in(short_folder, capture="metadata"))
        (rejected,) = there.receive_data(b'{"v":1,"name":"hush","trace_type":"hush"}\n')

        assert isinstance(rejected, Rejected)
        assert not rejected.raw
        assert "hush" not in rejected.detail
