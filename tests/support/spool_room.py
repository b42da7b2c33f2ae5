"""A spool folder in this process, its reader, and a writer behind."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
from structlog.testing import capture_logs
from structlog.typing import EventDict

from support.store_room import StoreRoom, rows, store_room
from traced.client.spool import make_name
from traced.core.capture import Capture
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.ingest.spool import Spool


class Room:
    """A spool folder, its reader, and the writer behind."""

    def __init__(self, store: StoreRoom, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.spool = self.new_spool()

    def new_spool(self) -> Spool:
        """Return a reader as a daemon that starts has it."""
        capture = Capture("summary", Redactor())
        return Spool(
            self.folder,
            lambda: Protocol(capture),
            self.store.intake,
            lambda uid: uid == os.geteuid(),
            1000,
        )

    def leave(self, *lines: bytes, unix_ns: int = 10**18, name: str = "") -> Path:
        """Leave a file as a client does."""
        path = self.folder / (name or make_name(unix_ns, 1, "ab"))
        path.write_bytes(b"".join(lines))
        return path

    async def take_all(self) -> None:
        """Take in what is there."""
        with anyio.fail_after(60):
            await self.spool.take_all()

    @property
    def names(self) -> list[str]:
        """The names of all steps, in the order of their recording."""
        query = "SELECT name FROM execution_traces ORDER BY step_order"
        return [row["name"] for row in rows(self.store.db, query)]

    @property
    def left(self) -> list[str]:
        """What is in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


@asynccontextmanager
async def spool_room(tmp_path: Path) -> AsyncIterator[Room]:
    """Run a writer on a new database, and read a new spool folder."""
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o700)
    async with store_room(tmp_path) as store, anyio.create_task_group() as tasks:
        tasks.start_soon(store.writer.run)
        yield Room(store, folder)
        tasks.cancel_scope.cancel()


@contextmanager
def warnings() -> Iterator[list[EventDict]]:
    """Collect what the log is told at warning and above."""
    found: list[EventDict] = []
    with capture_logs() as lines:
        yield found
    found += [line for line in lines if line["log_level"] in ("warning", "error")]
