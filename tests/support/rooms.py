"""The rooms of the way in on a database of their own, without a daemon around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.served import config_in
from traced.rooms import Rooms
from traced.store.store import Store, open_store


@asynccontextmanager
async def rooms_in(folder: Path, **settings: object) -> AsyncIterator[tuple[Rooms, Store]]:
    """Build them below a folder; the database is opened when it is first used."""
    config = config_in(folder, **settings)
    async with open_store(config.db, "process", _nothing) as store:
        yield Rooms(config, store), store


def _nothing() -> None:
    """Nobody else writes there."""
