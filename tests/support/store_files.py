"""A store on a real file, and what can be done to that file behind its back."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

from support.house import open_descriptors
from support.store import NOW, whole
from traced.core.event import Outcome
from traced.store.files import SHM, WAL, beside
from traced.store.opened import Opened
from traced.store.recorder import Recorder
from traced.store.store import Store, open_store

PAGE_BYTES = 4096


def appending(name: str) -> Callable[[Recorder], list[Outcome]]:
    """Return work that stores a step of this name."""
    return lambda recorder: recorder.append([whole(name)], NOW)


def names_of(path: Path) -> list[str]:
    """Return the names of the steps that a database file holds."""
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT name FROM execution_traces ORDER BY step_order"
        return [name for (name,) in connection.execute(query)]


def opened(store: Store) -> Opened:
    """Return the database that a store has open."""
    assert store._opened is not None
    return store._opened


def spoil(path: Path) -> None:
    """Write garbage over all pages but the first."""
    with path.open("r+b") as file:
        file.seek(PAGE_BYTES)
        file.write(b"\xa5" * (path.stat().st_size - PAGE_BYTES))


def forget_pages(recorder: Recorder) -> None:
    """Let the connection read from the disk what it reads next; run in its thread."""
    recorder._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    recorder._connection.execute("PRAGMA shrink_memory")


def move(source: Path, target: Path) -> None:
    """Rename a file over another."""
    source.replace(target)


def lead(link: Path, target: Path) -> None:
    """Let a link lead there, whether it is new or led elsewhere."""
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def put(path: Path, content: bytes) -> None:
    """Write a file, in place where there is one."""
    path.write_bytes(content)


def content_of(path: Path) -> bytes:
    """Return what a file holds."""
    return path.read_bytes()


def another_programs(path: Path) -> bytes:
    """Make the database of another program; return its content."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE precious (a)")
    return path.read_bytes()


def remove(path: Path, *suffixes: str) -> None:
    """Delete files of a database."""
    for suffix in suffixes:
        beside(path, suffix).unlink()


def files_beside(path: Path) -> set[str]:
    """Return the names in the folder of a database, but for the three that are always there."""
    usual = {beside(path, suffix).name for suffix in ("", WAL, SHM)}
    return {each.name for each in path.parent.iterdir()} - usual


@asynccontextmanager
async def store_on(path: Path) -> AsyncIterator[Store]:
    """Hold an open store; nothing of it is open after the block."""
    before = open_descriptors()
    async with open_store(path, "process", lambda: None) as store:
        await store.open()
        yield store
    assert open_descriptors() <= before + 1  # a worker thread of anyio may have come
