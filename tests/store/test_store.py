import os
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.store import connect, writer
from support.store_files import (
    another_programs,
    appending,
    content_of,
    forget_pages,
    lead,
    move,
    names_of,
    opened,
    remove,
    store_on,
)

from traced.core.errors import AlreadyRunning, StoreBroken, StoreBusy, StoreError
from traced.ingest.locks import locked
from traced.store.files import SHM, WAL, beside, file_id
from traced.store.recorder import Recorder
from traced.store.store import Store, open_store


async def tried_twice(store: Store, name: str) -> None:
    """Append a step as the writer does: a failure is followed by another attempt."""
    with pytest.raises(StoreBusy):
        await store.run(appending(name))
    await store.run(appending(name))


async def test_work_runs_on_the_recorder(path: Path) -> None:
    """What it returns comes back, and what it stored is there."""
    async with store_on(path) as store:
        (outcome,) = await store.run(appending("a"))

        assert (outcome.status, outcome.step_order) == ("stored", 1)
        assert await store.run(lambda recorder: recorder.agents_of(["s1"])) == {"s1": "custom"}
    assert names_of(path) == ["a"]


@pytest.mark.parametrize("suffixes", [(WAL,), (SHM,), (WAL, SHM)])
async def test_a_log_that_is_gone_is_made_again(path: Path, suffixes: tuple[str, ...]) -> None:
    """No attempt fails for it, and the next one is on new files, which another can read."""
    async with store_on(path) as store:
        await store.run(appending("a"))
        remove(path, *suffixes)
        with capture_logs() as lines:
            await store.run(appending("b"))
            await store.run(appending("c"))

        assert [line["event"] for line in lines] == ["database_moved", "database_opened"]
        assert lines[0]["found"] == ", ".join(f"{suffix} is gone" for suffix in suffixes)
        assert opened(store).place.look() == opened(store).files
        assert names_of(path) == ["a", "b", "c"]


async def test_a_deleted_database_is_made_again(path: Path) -> None:
    """What was not told as stored goes into the new one, and its orders begin anew."""
    async with store_on(path) as store:
        await store.run(appending("a"))
        remove(path, "")
        with capture_logs() as lines:
            await tried_twice(store, "b")

        assert [line["event"] for line in lines] == ["database_moved", "database_opened"]
        assert (lines[0]["found"], lines[0]["log_level"]) == ("database is gone", "error")
    assert names_of(path) == ["b"]


async def test_a_restored_database_goes_on(path: Path) -> None:
    """Orders and sessions follow from what it holds, not from what is remembered."""
    copy = path.with_name("copy.db")
    async with store_on(path) as store:
        await store.run(appending("a"))
        with closing(connect(path)) as reader:
            reader.execute("VACUUM INTO ?", (str(copy),))
        await store.run(appending("b"))
        move(copy, path)
        with pytest.raises(StoreBusy, match="another file"):
            await store.run(appending("c"))
        (outcome,) = await store.run(appending("c"))

        assert outcome.step_order == 2
    assert names_of(path) == ["a", "c"]


async def test_a_connection_that_is_closed_is_opened_anew(path: Path) -> None:
    """Whoever closed it: an attempt fails, and the next is on a new one."""
    async with store_on(path) as store:
        with pytest.raises(StoreBroken):
            await store.run(lambda recorder: recorder._connection.close())
        await store.run(appending("a"))
        await opened(store)._connection.close()
        await tried_twice(store, "b")

    assert names_of(path) == ["a", "b"]


async def test_an_error_that_nobody_expected_is_told_by_its_place(path: Path) -> None:
    """Its text may be a client's; the next attempt is on a new connection."""

    def fail(_recorder: Recorder) -> None:
        raise ZeroDivisionError("secret")

    async with store_on(path) as store:
        first = opened(store)
        with pytest.raises(StoreBusy, match=r"^ZeroDivisionError at test_store\.py:\d+$"):
            await store.run(fail)
        await store.run(appending("a"))

        assert opened(store) is not first


async def test_a_place_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    """While it runs nothing ends it: what needs somebody waits for him."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "traced.db"
    async with store_on(path) as store:
        folder.rename(tmp_path / "elsewhere")
        for _ in range(3):
            with pytest.raises(StoreBusy):
                await store.run(appending("a"))
        folder.mkdir()
        await store.run(appending("a"))

    assert names_of(path) == ["a"]


async def test_another_programs_database_is_left_alone(path: Path) -> None:
    """At the start it is an error; put in place while it runs, it is waited for to be gone."""
    other = path.with_name("other.db")
    content = another_programs(other)
    async with store_on(path) as store:
        move(other, path)
        for _ in range(3):
            with pytest.raises(StoreBusy):
                await store.run(appending("a"))
        assert content_of(path) == content
    async with open_store(path, "process", lambda: None) as store:
        with pytest.raises(StoreError) as caught:
            await store.open()

    assert type(caught.value) is StoreError
    assert content_of(path) == content


async def test_a_write_that_failed_keeps_its_connection(path: Path) -> None:
    """What waiting mends needs no new one."""
    async with store_on(path) as store:
        await store.hurry()
        first = opened(store)
        with closing(connect(path)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusy, match="locked"):
                await store.run(appending("a"))
        await store.run(appending("a"))

        assert opened(store) is first


async def test_the_lock_is_kept_at_each_opening(path: Path) -> None:
    """Where another has taken it, nothing is opened, let alone written."""
    taken = False

    def keep_lock() -> None:
        if taken:
            raise AlreadyRunning("taken")

    async with open_store(path, "process", keep_lock) as store:
        await store.open()
        remove(path, "")
        with pytest.raises(StoreBusy, match="gone"):
            await store.run(appending("a"))
        taken = True
        for _ in range(2):
            with pytest.raises(StoreBusy, match="taken"):
                await store.run(appending("a"))
        assert file_id(str(path)) is None


async def test_a_link_to_a_database_that_is_in_use_is_not_followed(path: Path) -> None:
    """The lock is that of the file the link leads to by now; the one before is free then."""
    old, new = path.with_name("old.db"), path.with_name("new.db")
    writer(new).close()
    lead(path, old)
    with locked(path, "database") as lock:
        async with open_store(path, "process", lock.follow) as store:
            await store.run(appending("a"))
            lead(path, new)
            with locked(new, "database"):
                for reason in ("another file", "in use by another traced", "in use by another"):
                    with pytest.raises(StoreBusy, match=reason):
                        await store.run(appending("b"))
            assert names_of(new) == []
            await store.run(appending("b"))

            assert names_of(new) == ["b"]
            with locked(old, "database"):
                pass


async def test_two_tasks_take_turns(path: Path) -> None:
    """One that renews the database does not pull it away under the other's work."""
    stored: list[str] = []

    async def store_all(store: Store, label: str) -> None:
        for number in range(20):
            while True:
                try:
                    await store.run(appending(f"{label}{number}"))
                except StoreBusy:
                    continue
                break
            stored.append(f"{label}{number}")
            if number == 10 and label == "a":
                remove(path, SHM)

    async with store_on(path) as store, anyio.create_task_group() as tasks:
        for label in ("a", "b"):
            tasks.start_soon(store_all, store, label)

    assert sorted(names_of(path)) == sorted(stored)


async def test_a_store_that_was_never_opened_is_closed(path: Path) -> None:
    """Nothing was made, and interrupting it does nothing."""
    async with open_store(path, "process", lambda: None) as store:
        await store.interrupt()

    assert file_id(str(path)) is None


async def test_what_runs_is_interrupted(path: Path) -> None:
    """It fails as one that can be tried again."""
    endless = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"
    )
    failures: list[StoreBusy] = []

    async def run_endless(store: Store) -> None:
        try:
            await store.run(lambda recorder: recorder._connection.execute(endless).fetchone())
        except StoreBusy as error:
            failures.append(error)

    async with store_on(path) as store, anyio.create_task_group() as tasks:
        tasks.start_soon(run_endless, store)
        while not failures:
            await store.interrupt()
            await anyio.sleep(0.01)
        await store.run(appending("a"))

    assert names_of(path) == ["a"]
    assert "OperationalError" in str(failures[0])


async def test_a_log_that_is_cut_in_place_wedges_nothing(path: Path) -> None:
    """What it held is lost with it, whoever cut it; the store reads on from what is left."""
    async with store_on(path) as store:
        await store.run(forget_pages)
        await store.run(appending("a"))
        os.truncate(beside(path, WAL), 0)
        await store.run(lambda recorder: recorder._connection.execute("PRAGMA shrink_memory"))
        await tried_twice(store, "b")

    assert names_of(path) == ["b"]


async def test_users_that_share_a_database_are_told_apart(path: Path) -> None:
    """Whoever opens the store says so; the recorder does it."""
    async with open_store(path, "process", lambda: None, by_owner=True) as store:
        assert await store.run(lambda recorder: recorder._by_owner)
        await store.close()
        assert await store.run(lambda recorder: recorder._by_owner)


async def test_who_hurries_does_so_in_a_database_opened_later_too(path: Path) -> None:
    """The daemon may be told to stop before it could open the file."""
    async with open_store(path, "process", lambda: None) as store:
        await store.hurry()
        await store.open()
        raw = opened(store)._connection
        (row,) = await raw.execute_fetchall("PRAGMA busy_timeout")

    assert row[0] == 100
