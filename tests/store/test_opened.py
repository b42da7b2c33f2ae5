from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from support.store import connect, writer
from support.store_files import (
    another_programs,
    appending,
    content_of,
    files_beside,
    lead,
    move,
    names_of,
    put,
    remove,
)

from traced.core.errors import AlreadyRunning, StoreBusy, StoreDamaged, StoreError, StoreMoved
from traced.store.files import SHM, WAL, beside, file_id
from traced.store.opened import Opened, open_database


@asynccontextmanager
async def database(path: Path) -> AsyncIterator[Opened]:
    """Open a database for the length of the block."""
    opened = await open_database(path, "process")
    try:
        yield opened
    finally:
        await opened.close(insist=False)


async def test_work_is_done_and_the_files_are_told(path: Path) -> None:
    """They are those that were opened, as long as nobody touches them."""
    async with database(path) as opened:
        (outcome,), found = await opened.run(appending("a"))

        assert outcome.status == "stored"
        assert found == opened.files
    assert names_of(path) == ["a"]


async def test_leaving_empties_the_log(path: Path) -> None:
    """Who copies the file then has all of it."""
    async with database(path) as opened:
        await opened.run(appending("a"))
        assert beside(path, WAL).stat().st_size > 0

    assert [each.name for each in path.parent.iterdir()] == [path.name]


async def test_leaving_waits_for_no_reader(path: Path) -> None:
    """One that holds a transaction keeps the log, which the next start takes in."""
    with closing(connect(path)) as reader:
        async with database(path) as opened:
            await opened.wait_for_others(0)
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM sqlite_master").fetchall()
            await opened.run(appending("a"))
        assert beside(path, WAL).stat().st_size > 0

    assert names_of(path) == ["a"]


@pytest.mark.parametrize("suffixes", [(WAL,), (SHM,), (WAL, SHM)])
async def test_a_log_that_is_gone_costs_nothing(path: Path, suffixes: tuple[str, ...]) -> None:
    """What it held is in the main file before the work is told as done."""
    async with database(path) as opened:
        await opened.run(appending("a"))
        remove(path, *suffixes)
        outcomes, found = await opened.run(appending("b"))
        assert [each.status for each in outcomes] == ["stored"]
        assert found != opened.files

        copy = path.with_name("copy.db")
        put(copy, content_of(path))
    assert names_of(copy) == ["a", "b"]


async def test_a_log_that_a_reader_needs_is_not_let_go(path: Path) -> None:
    """Until it is in the main file, only the open connection has it."""
    async with database(path) as opened:
        await opened.wait_for_others(0)
        with closing(connect(path)) as reader:
            await opened.run(appending("a"))
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM sqlite_master").fetchall()
            await opened.run(appending("b"))
            remove(path, WAL)
            with pytest.raises(StoreMoved, match="-wal is gone"):
                await opened.run(appending("c"))
            with pytest.raises(StoreBusy, match="a reader holds"):
                await opened.close(insist=True)
        await opened.close(insist=True)
    assert names_of(path) == ["a", "b", "c"]


async def test_a_log_without_a_head_is_not_written_on(path: Path) -> None:
    """Behind a deleted log, whose index a reader keeps, nothing would outlive a crash."""
    with closing(connect(path)) as reader:
        async with database(path) as opened:
            await opened.wait_for_others(0)
            await opened.run(appending("a"))
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM sqlite_master").fetchall()
            remove(path, WAL)

        with pytest.raises(StoreBusy, match="deleted while somebody reads"):
            await open_database(path, "process")
        reader.execute("COMMIT")
        async with database(path) as opened:
            await opened.run(appending("b"))
            copy = path.with_name("copy.db")
            put(copy, content_of(path))
            beside(copy, WAL).write_bytes(beside(path, WAL).read_bytes())
    assert names_of(copy) == ["a", "b"]


async def test_work_on_a_deleted_database_is_not_told_as_done(path: Path) -> None:
    """It went into a file without a name; what is at the path is left alone."""
    async with database(path) as opened:
        await opened.run(appending("a"))
        remove(path, "")
        with pytest.raises(StoreMoved, match=r"^database is gone$"):
            await opened.run(appending("b"))

    assert file_id(str(path)) is None


async def test_a_log_never_gets_to_another_database(path: Path) -> None:
    """What a reader keeps in it is put aside with it when the main file is replaced."""
    other = path.with_name("other.db")
    writer(other).close()
    async with database(path) as opened:
        await opened.wait_for_others(0)
        with closing(connect(path)) as reader:
            await opened.run(appending("a"))
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM sqlite_master").fetchall()
            await opened.run(appending("b"))
            move(path, path.with_name("old.db"))
            move(other, path)
            aside = await opened.close(insist=True)

    assert aside is not None
    assert aside.name.startswith("traced.db.replaced-")
    assert aside.stat().st_size > 0
    assert names_of(path) == []


async def test_the_log_of_a_restored_database_is_left_to_it(path: Path) -> None:
    """It came with the file that is at the path now, and belongs to that."""
    async with database(path) as opened:
        for suffix in ("", WAL):
            beside(path, suffix).rename(path.with_name("old.db" + suffix))
        put(path, b"")
        beside(path, WAL).write_bytes(b"of the restored one")
        assert await opened.close(insist=True) is None

    assert beside(path, WAL).read_bytes() == b"of the restored one"


async def test_a_foreign_log_is_put_aside(path: Path) -> None:
    """Left beside a database that is not its own it would be taken in or deleted."""
    async with database(path) as opened:
        await opened.run(appending("a"))
        remove(path, WAL)
        beside(path, WAL).write_bytes(b"of another one")
        aside = await opened.close(insist=True)

    assert aside is not None
    assert aside.read_bytes() == b"of another one"
    assert names_of(path) == ["a"]


async def test_a_log_stays_beside_the_database_that_a_link_led_to(path: Path) -> None:
    """Where the link leads now is another's business: what a reader kept in the log is not lost."""
    old, new = path.with_name("old.db"), path.with_name("new.db")
    for each in (old, new):
        writer(each).close()
    lead(path, old)
    async with database(path) as opened:
        await opened.wait_for_others(0)
        with closing(connect(old)) as reader:
            await opened.run(appending("a"))
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM sqlite_master").fetchall()
            await opened.run(appending("b"))
            lead(path, new)
            assert await opened.close(insist=True) is None
            assert beside(old, WAL).stat().st_size > 0

    assert names_of(old) == ["a", "b"]
    assert names_of(path) == []


async def test_a_deleted_log_is_waited_for_though_a_link_leads_elsewhere(path: Path) -> None:
    """Until it is in the file that the link led to, only the open connection has it."""
    old, new = path.with_name("old.db"), path.with_name("new.db")
    for each in (old, new):
        writer(each).close()
    lead(path, old)
    async with database(path) as opened:
        await opened.wait_for_others(0)
        with closing(connect(old)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM sqlite_master").fetchall()
            await opened.run(appending("a"))
            lead(path, new)
            remove(old, WAL)
            with pytest.raises(StoreBusy, match="a reader holds"):
                await opened.close(insist=True)
        assert await opened.close(insist=True) is None
    assert names_of(old) == ["a"]


async def test_the_files_of_another_daemon_are_left_as_they_are(path: Path) -> None:
    """Whoever has the lock by now owns what is at the path: its log is not put aside."""
    owned = True

    def keep_lock() -> None:
        if not owned:
            raise AlreadyRunning("taken")

    opened = await open_database(path, "process", keep_lock)
    await opened.run(appending("a"))
    assert names_of(path) == ["a"]
    with closing(connect(path)) as others:
        others.execute("SELECT * FROM sqlite_master").fetchall()
        remove(path, WAL)
        put(beside(path, WAL), b"of another one")
        owned = False
        with pytest.raises(AlreadyRunning, match="taken"):
            await opened.close(insist=True)
        await opened.close(insist=False)

        assert content_of(beside(path, WAL)) == b"of another one"
        assert files_beside(path) == set()


async def test_it_is_closed_whatever_it_is_like(path: Path) -> None:
    """A connection that somebody closed already is left without a fuss."""
    async with database(path) as opened:
        await opened._connection.close()
        assert await opened.close(insist=True) is None
        await opened.interrupt()


async def test_what_is_no_database_is_not_opened(path: Path) -> None:
    """And nothing stays open, nor is anything changed."""
    put(path, b"Dear diary, " * 1000)
    with pytest.raises(StoreDamaged):
        await open_database(path, "process")
    assert files_beside(path) == set()

    remove(path, "")
    another_programs(path)
    with pytest.raises(StoreError, match="another program's"):
        await open_database(path, "process")


async def test_another_who_holds_it_is_not_waited_for_long(path: Path) -> None:
    """Opening fails in time for the caller to hear a signal."""
    writer(path).close()
    with closing(connect(path)) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusy, match="locked"):
            await open_database(path, "process")
