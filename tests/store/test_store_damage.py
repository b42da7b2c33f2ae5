from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.store_files import (
    appending,
    content_of,
    files_beside,
    forget_pages,
    move,
    names_of,
    put,
    spoil,
    store_on,
)

from traced.core.errors import StoreBusy, StoreDamaged
from traced.store import store as module
from traced.store.files import SHM, WAL
from traced.store.recorder import Recorder
from traced.store.store import open_store


def aside(path: Path) -> list[str]:
    """Return what was set aside, without what was beside it."""
    names = files_beside(path)
    return sorted(name for name in names if ".corrupt-" in name and not name.endswith((WAL, SHM)))


async def test_damage_is_looked_at_twice_and_then_set_aside(path: Path) -> None:
    """The first time the same file is opened anew, the second time another one is made."""
    async with store_on(path) as store:
        await store.run(appending("a"))
        await store.run(forget_pages)
        spoil(path)
        damaged = content_of(path)
        with capture_logs() as lines:
            for _ in range(2):
                with pytest.raises(StoreDamaged):
                    await store.run(appending("b"))
                assert aside(path) == []
            await store.run(appending("b"))

        told = ["database_damaged", "database_damaged", "database_set_aside", "database_opened"]
        assert [line["event"] for line in lines] == told
        (kept,) = aside(path)
        assert lines[2]["kept_as"] == str(path.with_name(kept))
        assert content_of(path.with_name(kept))[4096:] == damaged[4096:]
    assert names_of(path) == ["b"]


async def test_damage_that_passes_sets_nothing_aside(path: Path) -> None:
    """A fault of the memory is gone on a new connection, and so is its suspicion in an hour."""
    failures = 2

    def fail(recorder: Recorder) -> None:
        nonlocal failures
        recorder.prove()
        if failures:
            failures -= 1
            raise StoreDamaged("malformed")

    async with store_on(path) as store:
        for _ in range(2):
            with pytest.raises(StoreDamaged):
                await store.run(fail)
            store._damage_seen_at -= module.SEEN_AGAIN_SECONDS_MAX
        await store.run(fail)
        await store.run(appending("a"))

    assert aside(path) == []
    assert names_of(path) == ["a"]


async def test_a_disk_that_spoils_everything_is_not_filled(path: Path) -> None:
    """One file a minute is set aside, and none is answered from in between."""

    def fail(recorder: Recorder) -> None:
        recorder.prove()
        raise StoreDamaged("malformed")

    async with store_on(path) as store:
        for expected in (1, 1, 2, 2):
            for _ in range(7):
                with pytest.raises(StoreBusy):
                    await store.run(fail)
            assert len(aside(path)) == expected
            if expected == 1:
                store._set_aside_at -= module.SET_ASIDE_SECONDS_MIN / 2


async def test_what_was_put_in_place_of_a_damaged_one_stays(path: Path) -> None:
    """Who restores a backup before it is set aside finds it in use."""
    backup = path.with_name("backup.db")
    async with store_on(path) as store:
        await store.run(appending("a"))
    put(backup, content_of(path))
    spoil(path)
    async with open_store(path, "process", lambda: None) as store:
        with pytest.raises(StoreDamaged):
            await store.open()
        move(backup, path)
        await store.run(appending("b"))

    assert aside(path) == []
    assert names_of(path) == ["a", "b"]
