"""
The store: the database, reopened whenever the open connection is of no use any more.

Law: a failure costs no event and wedges nothing. Each attempt first puts right what the last one
found wrong, and only then works; what cannot be put right is tried again at the next.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from math import inf
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.to_thread
import structlog

from traced.core.errors import StoreBroken, StoreBusy, StoreDamaged, StoreMoved, TracedError
from traced.core.fault import fault
from traced.store.database import BUSY_SECONDS_MAX, Durability
from traced.store.files import FileId, Files, file_id, put_aside, told
from traced.store.opened import Opened, open_database
from traced.store.recorder import Recorder

T = TypeVar("T")

# Damage that is seen again on a new connection within this time is the file's own.
SEEN_AGAIN_SECONDS_MAX: Final = 3600.0
# A disk that spoils each new file must not be filled with them.
SET_ASIDE_SECONDS_MIN: Final = 60.0
# A statement that waits for another's lock cannot be interrupted: SQLite looks at nothing else
# while it does. So at the end it waits in pieces that the daemon's end can wait for.
BUSY_SECONDS_STOPPING: Final = 0.1

log = structlog.get_logger()


class Store:
    """
    Runs work on the recorder, in the database's own thread, one hop for each.

    `keep_lock` makes sure that nobody else writes there, and raises `AlreadyRunning` where somebody
    does. It is called, from any thread, before each opening and closing, and in each transaction
    that finds that another connection has written. With `by_owner`, several users share the
    database: see `Recorder`.
    """

    def __init__(
        self,
        path: Path,
        durability: Durability,
        keep_lock: Callable[[], None],
        *,
        by_owner: bool = False,
    ) -> None:
        self._path = path
        self._durability = durability
        self._by_owner = by_owner
        self._keep_lock = keep_lock
        self._turn = anyio.Lock(fast_acquire=True)
        self._opened: Opened | None = None
        self._stale = False
        self._busy_seconds_max = BUSY_SECONDS_MAX
        self._openings = 0
        self._damaged: FileId | None = None
        self._damage_seen_at = -inf
        self._set_aside_at = -inf

    async def open(self) -> None:
        """
        Open the database, unless it is open.

        Raises:
            StoreError: If that needs somebody to see to it.
            StoreBusy: If it cannot be used just now.
        """
        await self._attempt(_nothing)

    async def run(self, work: Callable[[Recorder], T]) -> T:
        """
        Run work; when it returns, what it committed is in the database at the path.

        It may run again after a failure, then perhaps on another database.

        Raises:
            StoreBusy: Whatever went wrong; what the work committed may have to be done again.
        """
        try:
            return await self._attempt(work)
        except StoreBusy:
            raise
        except TracedError as error:
            raise StoreBusy(str(error)) from error

    async def hurry(self) -> None:
        """From now on wait only 0.1 s for another process: the time left is the caller's."""
        self._busy_seconds_max = BUSY_SECONDS_STOPPING
        async with self._turn:
            if self._opened is not None:
                await self._opened.wait_for_others(self._busy_seconds_max)

    async def interrupt(self) -> None:
        """Let the statement that runs now fail: its work has failed then, unless it is done."""
        if self._opened is not None:
            await self._opened.interrupt()

    async def close(self) -> None:
        """Bring the log into the file, if nobody reads it, and close."""
        if self._opened is not None:
            with anyio.CancelScope(shield=True):
                aside = await self._opened.close(insist=False)
            _tell_aside(aside)
            self._opened = None

    async def _attempt(self, work: Callable[[Recorder], T]) -> T:
        async with self._turn:
            # Cancelling would not cancel a statement, so what has begun goes through whole.
            with anyio.CancelScope(shield=True):
                result = await self._told(work)
        return result

    async def _told(self, work: Callable[[Recorder], T]) -> T:
        try:
            opened = await self._ready()
            result, found = await opened.run(work)
        except StoreBusy as error:
            self._note(error)
            raise
        except TracedError:
            raise
        except Exception as error:
            self._stale = True
            raise StoreBusy(fault(error)) from error
        if found != opened.files:
            self._note_files(opened, found)
        return result

    async def _ready(self) -> Opened:
        if self._opened is not None:
            if not self._stale:
                return self._opened
            # Of a damaged one nothing can be asked; any other holds what was committed to it.
            _tell_aside(await self._opened.close(insist=self._damaged is None))
            self._opened = None
        await anyio.to_thread.run_sync(self._make_way)
        # Otherwise it would accept events until it comes across the damage again.
        is_suspect = time.monotonic() - self._damage_seen_at < SEEN_AGAIN_SECONDS_MAX
        self._opened = await open_database(
            self._path,
            self._durability,
            self._keep_lock,
            is_suspect=is_suspect,
            by_owner=self._by_owner,
        )
        await self._opened.wait_for_others(self._busy_seconds_max)
        self._stale = False
        if self._openings:
            log.info("database_opened", path=str(self._path))
        self._openings += 1
        return self._opened

    def _make_way(self) -> None:
        self._keep_lock()
        damaged, self._damaged = self._damaged, None
        if damaged is None or damaged != file_id(str(self._path)):
            return
        if time.monotonic() - self._set_aside_at < SET_ASIDE_SECONDS_MIN:
            raise StoreBusy(f"{self._path} is damaged, and another was set aside a moment ago")
        kept = put_aside(self._path.resolve(), "corrupt")
        self._damage_seen_at = -inf
        self._set_aside_at = time.monotonic()
        log.error("database_set_aside", path=str(self._path), kept_as=str(kept))

    def _note(self, error: StoreBusy) -> None:
        if not isinstance(error, StoreBroken):
            return
        self._stale = True
        if isinstance(error, StoreMoved):
            log.error("database_moved", path=str(self._path), found=str(error))
        if isinstance(error, StoreDamaged):
            log.error("database_damaged", path=str(self._path), error=str(error))
            now = time.monotonic()
            if self._opened is None:  # it could not even be opened
                with suppress(OSError):
                    self._damaged = file_id(str(self._path))
            elif now - self._damage_seen_at < SEEN_AGAIN_SECONDS_MAX:
                self._damaged = self._opened.files.main
            self._damage_seen_at = now

    def _note_files(self, opened: Opened, found: Files) -> None:
        self._stale = True
        log.error("database_moved", path=str(self._path), found=told(opened.files, found))


@asynccontextmanager
async def open_store(
    path: Path, durability: Durability, keep_lock: Callable[[], None], *, by_owner: bool = False
) -> AsyncIterator[Store]:
    """Hold a store, which opens its database when it is first used; leaving closes it."""
    store = Store(path, durability, keep_lock, by_owner=by_owner)
    try:
        yield store
    finally:
        await store.close()


def _tell_aside(log_file: Path | None) -> None:
    if log_file is not None:
        log.error("wal_set_aside", kept_as=str(log_file))


def _nothing(_recorder: Recorder) -> None:
    """Work that only wants the database to be open."""
