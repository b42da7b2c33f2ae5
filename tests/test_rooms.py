"""Settings reach the rooms that they are for."""

from pathlib import Path

from support.house import control, native
from support.served import served
from support.store_room import rows


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
