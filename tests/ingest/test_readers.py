import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from support.house import native
from support.store_room import StoreRoom, locked_database, store_room

from traced.ingest.readers import Readers


@contextmanager
def reader_of(db: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who began to read, and still sees what was there then."""
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM step").fetchone()
        yield connection


def readers_of(room: StoreRoom) -> Readers:
    """Who reads the database of a writer."""
    return Readers(room.store, lambda: room.figures.last_commit_seconds)


async def test_who_reads_while_others_write_is_noticed(tmp_path: Path) -> None:
    """From the first look on he has an age, which grows until he ends."""
    async with store_room(tmp_path) as room:
        readers = readers_of(room)
        with reader_of(room.db):
            room.put(native(1))
            await room.write_all()
            assert readers.oldest_seconds() is None
            await readers.look()
            first = readers.oldest_seconds()
            await readers.look()
            second = readers.oldest_seconds()
        await readers.look()

        assert first is not None
        assert second is not None
        assert 0 <= first <= second
        assert readers.oldest_seconds() is None


async def test_who_sees_all_holds_nothing_back(tmp_path: Path) -> None:
    """One who began after the last commit is in nobody's way."""
    async with store_room(tmp_path) as room:
        readers = readers_of(room)
        room.put(native(1))
        await room.write_all()
        with reader_of(room.db):
            await readers.look()

            assert readers.oldest_seconds() is None


async def test_without_commits_nobody_looks(tmp_path: Path) -> None:
    """An idle daemon leaves its disk alone: a locked database is not even asked."""
    async with store_room(tmp_path) as room:
        readers = readers_of(room)
        with locked_database(room.db):
            await readers.look()

        assert readers.oldest_seconds() is None
