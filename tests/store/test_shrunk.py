"""The main file becomes smaller while it is open: by its own doing, or somebody cut it short."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.store import NOW
from support.store_files import PAGE_BYTES, appending, content_of, put

from traced.core.errors import StoreDamaged
from traced.core.event import Rejected
from traced.store.opened import Opened, open_database
from traced.store.recorder import Recorder


@asynccontextmanager
async def database(path: Path) -> AsyncIterator[Opened]:
    """Open a database for the length of the block."""
    opened = await open_database(path, "process")
    try:
        yield opened
    finally:
        await opened.close(insist=False)


async def test_a_database_that_is_cut_short_is_damaged(path: Path) -> None:
    """Work that was committed on top of it is not told as done, though all of it is in memory."""
    async with database(path) as opened:
        await opened.run(fill)
        await opened.run(checkpoint)
        put(path, content_of(path)[: 10 * PAGE_BYTES])
        with pytest.raises(StoreDamaged):
            await opened.run(appending("b"))


async def test_a_database_that_becomes_smaller_by_itself_is_not_read_through(path: Path) -> None:
    """What was removed gives its room back, and that would take seconds for each GiB."""
    ran: list[str] = []
    async with database(path) as opened:
        await opened.run(fill)
        await opened.run(checkpoint)
        size = opened.place.main_bytes
        await opened.run(lambda recorder: recorder._connection.set_trace_callback(ran.append))
        await opened.run(empty)
        await opened.run(checkpoint)
        await opened.run(appending("a"))

        assert opened.place.main_bytes < size - 50 * PAGE_BYTES
    assert "PRAGMA page_count" in ran
    assert not any("quick_check" in each for each in ran)


async def test_a_suspect_is_read_through_before_it_is_used(path: Path) -> None:
    """What SQLite does not meet at once would else be met after events were answered."""
    async with database(path) as opened:
        await opened.run(fill)
    content = content_of(path)
    put(path, content[: 20 * PAGE_BYTES] + b"\xa5" * PAGE_BYTES + content[21 * PAGE_BYTES :])

    with pytest.raises(StoreDamaged):
        await open_database(path, "process", is_suspect=True)


def fill(recorder: Recorder) -> None:
    """Fill 100 pages and more with rows that mean nothing."""
    rows = [Rejected("not_json", "", b"x" * 2000, 2000) for _ in range(300)]
    recorder.append(rows, NOW)


def empty(recorder: Recorder) -> None:
    """Give their room back."""
    recorder._connection.execute("DELETE FROM rejected")
    recorder._connection.executescript("PRAGMA incremental_vacuum")


def checkpoint(recorder: Recorder) -> None:
    """Bring what is in the log into the main file."""
    recorder._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
