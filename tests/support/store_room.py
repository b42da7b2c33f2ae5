"""A writer on a real database in this process."""

import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio

from traced.core.capture import Capture, CaptureMode
from traced.core.event import Outcome
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.rejections import Rejections
from traced.core.wire import LINE_BYTES_MAX, Control
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake, Record, Submission
from traced.ingest.translate import Translator
from traced.ingest.writer import Writer
from traced.store.recorder import Entry
from traced.store.store import Store, open_store

Row = dict[str, Any]


def protocol(line_bytes_max: int = LINE_BYTES_MAX) -> Protocol:
    """Return the receiving side of a new connection."""
    return Protocol(Capture("summary", Redactor()), line_bytes_max=line_bytes_max)


def records(*lines: bytes) -> list[Record]:
    """Return what the protocol makes of some lines."""
    items = protocol().receive_data(b"".join(line.rstrip() + b"\n" for line in lines))
    return [item for item in items if not isinstance(item, Control)]


AgentsOf = Callable[[list[str]], Mapping[str, str | None]]


class Translating:
    """A translator, and the database that it has to ask."""

    def __init__(self, agents_of: AgentsOf, mode: CaptureMode) -> None:
        capture = Capture(mode, Redactor())
        self._agents_of = agents_of
        self.translator = Translator(capture, Rejections(capture))

    def entries(self, some: Submission) -> list[Entry]:
        """Return one event or rejection for each record of a submission."""
        return self.translator.entries(some, self._agents_of)


def translator(
    agents_of: AgentsOf = lambda _session_ids: {}, mode: CaptureMode = "summary"
) -> Translating:
    """Return a translator that asks `agents_of` for the agents of sessions."""
    return Translating(agents_of, mode)


def submission(
    some: Sequence[Record],
    settle: Callable[[Sequence[Outcome]], None] = lambda _outcomes: None,
    *,
    received_at: int = 1_800_000_000_000,
    peer_uid: int | None = 1000,
) -> Submission:
    """Return records as they come from one place."""
    return Submission(some, 0, received_at, peer_uid, settle)


def rows(db: Path, query: str) -> list[Row]:
    """Return what another reader of the database sees."""
    connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(query)]
    finally:
        connection.close()


@contextmanager
def locked_database(db: Path) -> Iterator[None]:
    """Keep everybody else from writing for the length of the block."""
    connection = sqlite3.connect(db, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")
    finally:
        connection.close()


class StoreRoom:
    """A writer with its intake; `outcomes` are those that it settled, in their order."""

    def __init__(self, db: Path, store: Store, batch_events_max: int) -> None:
        self.db = db
        self.store = store
        self.figures = Figures()
        self.room_changes = 0
        self.intake = Intake(32 << 20, self._room_changed, self.figures)
        self.writer = Writer(
            store,
            translator().translator,
            self.intake,
            self.figures,
            batch_events_max,
        )
        self.outcomes: list[Outcome] = []

    def put(self, *lines: bytes) -> None:
        """Put some lines into the intake as one submission."""
        now = time.time_ns() // 1_000_000
        self.intake.put(submission(records(*lines), self.outcomes.extend, received_at=now))

    async def write_all(self) -> None:
        """Run the writer until all that was put is settled."""
        self.intake.close()
        with anyio.fail_after(30):
            await self.writer.run()

    def _room_changed(self) -> None:
        self.room_changes += 1


@asynccontextmanager
async def store_room(folder: Path, batch_events_max: int = 1000) -> AsyncIterator[StoreRoom]:
    """Open a new database below `folder` for the length of the block."""
    db = folder / "t.db"
    async with open_store(db, "process", lambda: None) as store:
        await store.open()
        yield StoreRoom(db, store, batch_events_max)
