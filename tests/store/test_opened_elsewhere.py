import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.store import connect
from support.store_files import appending, names_of, remove

from traced.core.errors import StoreMoved
from traced.store.files import SHM, beside
from traced.store.opened import open_database


@contextmanager
def another_process(path: Path) -> Iterator[None]:
    """Let another process have the database open for the length of the block."""
    code = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM step');"
    command = [sys.executable, "-c", f"{code} print(flush=True); sys.stdin.read()", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"\n"
            yield
        finally:
            process.communicate()


async def append(path: Path, name: str) -> None:
    """Open the database, store a step, close it."""
    opened = await open_database(path, "process")
    await opened.run(appending(name))
    await opened.close(insist=False)


async def test_an_index_that_another_process_made_anew_is_not_taken_for_ours(path: Path) -> None:
    """While a connection of this process holds the deleted one, SQLite goes on with that."""
    await append(path, "a")
    with closing(connect(path)) as ours, another_process(path):
        ours.execute("SELECT * FROM step").fetchall()
        remove(path, SHM)
        with another_process(path):
            assert beside(path, SHM).exists()
            with pytest.raises(StoreMoved, match="another one than what was opened"):
                await append(path, "lost")

    await append(path, "b")
    assert names_of(path) == ["a", "b"]
