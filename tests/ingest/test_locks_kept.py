import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.house import turns, until

from traced.core.errors import AlreadyRunning
from traced.ingest.locks import keep_database, locked


def test_a_lock_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """Who starts then meets a lock, as if nothing had been."""
    with locked(tmp_path / "x.db", "database") as lock:
        (tmp_path / "x.db.lock").unlink()
        lock.keep()

        with pytest.raises(AlreadyRunning, match=rf"\(pid {os.getpid()}\)"):
            locked(tmp_path / "x.db", "database").__enter__()
    with locked(tmp_path / "x.db", "database"):
        pass


def test_a_lock_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    """To look again costs nothing, and nobody else can slip in meanwhile."""
    with locked(tmp_path / "x.db", "database") as lock:
        before = (tmp_path / "x.db.lock").stat()
        lock.keep()

        assert os.path.samestat((tmp_path / "x.db.lock").stat(), before)


def test_a_lock_that_another_one_took_since_is_told(tmp_path: Path) -> None:
    """After the file was removed another one could start: both must not stay unknown."""
    with locked(tmp_path / "x.db", "database") as lock:
        (tmp_path / "x.db.lock").unlink()
        with locked(tmp_path / "x.db", "database"), pytest.raises(AlreadyRunning, match="in use"):
            lock.keep()


def test_a_lock_is_held_until_another_one_takes_it(tmp_path: Path) -> None:
    """Without its file nobody is kept out, though nobody may have come in yet."""
    with locked(tmp_path / "x.db", "database") as lock:
        assert lock.is_held
        (tmp_path / "x.db.lock").unlink()
        assert not lock.is_held
        lock.keep()
        assert lock.is_held
    assert not lock.is_held


def test_a_lock_follows_its_link_only_when_it_is_told_to(tmp_path: Path) -> None:
    """What is open still is held until then, what is opened next from then on."""
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "old.db")
    with locked(link, "database") as lock:
        link.unlink()
        link.symlink_to(tmp_path / "new.db")
        lock.keep()
        with pytest.raises(AlreadyRunning):
            locked(tmp_path / "old.db", "database").__enter__()

        lock.follow()
        with pytest.raises(AlreadyRunning):
            locked(tmp_path / "new.db", "database").__enter__()
        with locked(tmp_path / "old.db", "database"):
            lock.keep()


def test_a_lock_that_is_in_use_is_not_followed_to(tmp_path: Path) -> None:
    """The one before is held on, for what it guards is open still."""
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "old.db")
    with locked(link, "database") as lock, locked(tmp_path / "new.db", "database"):
        link.unlink()
        link.symlink_to(tmp_path / "new.db")
        with pytest.raises(AlreadyRunning):
            lock.follow()
        with pytest.raises(AlreadyRunning):
            locked(tmp_path / "old.db", "database").__enter__()


def test_two_threads_that_take_a_lock_anew_are_one(tmp_path: Path) -> None:
    """The event loop and the database's thread look at it: neither is another daemon."""
    with locked(tmp_path / "x.db", "database") as lock, ThreadPoolExecutor(2) as pool:
        together = threading.Barrier(2)

        def keep() -> None:
            together.wait()
            lock.keep()

        for _ in range(200):
            (tmp_path / "x.db.lock").unlink()
            for each in [pool.submit(keep) for _ in range(2)]:
                each.result()


async def test_the_lock_of_the_database_is_made_again(tmp_path: Path) -> None:
    """A cleaner removes it and nobody takes it: as if nothing had been."""
    path = tmp_path / "x.db.lock"
    with locked(tmp_path / "x.db", "database") as lock:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_database, lock, 0.001)
            path.unlink()
            await until(path.exists, "the lock file")
            await until(lambda: lock.is_held, "the lock")
            tasks.cancel_scope.cancel()


async def test_a_database_that_another_one_took_is_let_go(tmp_path: Path) -> None:
    """Whoever holds its lock may write there, so the one before must not."""
    with locked(tmp_path / "x.db", "database") as lock:
        (tmp_path / "x.db.lock").unlink()
        with (
            locked(tmp_path / "x.db", "database"),
            anyio.fail_after(20),
            pytest.raises(AlreadyRunning, match=rf"in use by another traced \(pid {os.getpid()}"),
        ):
            await keep_database(lock, 0.001)


async def test_a_lock_of_the_database_that_cannot_be_made_is_told_once(tmp_path: Path) -> None:
    """It may come right again, and nobody else has it."""
    path = tmp_path / "x.db.lock"
    with locked(tmp_path / "x.db", "database") as lock, capture_logs() as logs:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_database, lock, 0.001)
            path.unlink()
            path.symlink_to(tmp_path / "precious")
            await until(lambda: bool(logs), "the loss to be told")
            await turns()
            assert [entry["event"] for entry in logs] == ["place_lost"]
            path.unlink()
            await until(lambda: lock.is_held, "the lock")
            tasks.cancel_scope.cancel()
