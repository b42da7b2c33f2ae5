from contextlib import closing
from pathlib import Path

import pytest
from support.locker import held_by_another
from support.store import connect
from support.store_files import appending, names_of, remove

from traced.core.errors import StoreMoved
from traced.store.files import SHM, beside
from traced.store.opened import open_database

READ = "SELECT * FROM step"


async def append(path: Path, name: str) -> None:
    """Open the database, store a step, close it."""
    opened = await open_database(path, "process")
    await opened.run(appending(name))
    await opened.close(insist=False)


async def test_an_index_that_another_process_made_anew_is_not_taken_for_ours(path: Path) -> None:
    """While a connection of this process holds the deleted one, SQLite goes on with that."""
    await append(path, "a")
    with closing(connect(path)) as ours, held_by_another(path, READ):
        ours.execute(READ).fetchall()
        remove(path, SHM)
        with held_by_another(path, READ):
            assert beside(path, SHM).exists()
            with pytest.raises(StoreMoved, match="another one than what was opened"):
                await append(path, "lost")

    await append(path, "b")
    assert names_of(path) == ["a", "b"]
