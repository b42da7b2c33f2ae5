"""
An open database: its connection, its recorder, and the files that it writes to.

Law: what it says is committed is in the files at its path. A file that was deleted or replaced
stays open and takes every write, so that is looked at after each commit, before anybody hears.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import aiosqlite
import anyio.to_thread
import structlog

from traced.core.errors import StoreBroken, StoreBusy, StoreMoved, TracedError
from traced.core.fault import fault
from traced.store import database
from traced.store.database import Durability, run_in_writer_thread
from traced.store.files import SHM, WAL, Files, Place, are_open, beside, put_aside, size, told
from traced.store.migrate import PACKAGED
from traced.store.recorder import Recorder, nobody_else

T = TypeVar("T")

log = structlog.get_logger()


class Opened:
    """Used by one task at a time; its work runs in the connection's thread."""

    def __init__(
        self,
        connection: aiosqlite.Connection,
        recorder: Recorder,
        place: Place,
        files: Files,
        keep_lock: Callable[[], None],
    ) -> None:
        self.recorder = recorder
        self.files = files
        self.place = place
        self._connection = connection
        self._keep_lock = keep_lock

    async def run(self, work: Callable[[Recorder], T]) -> tuple[T, Files]:
        """
        Run work; return what it returns, and the files that were found after it.

        Where only the log or its index are no longer what was opened, the work is in the main file.

        Raises:
            StoreMoved: If what was committed is not in the files at the path.
            StoreDamaged: If the main file has lost a part.
            StoreBusy: If the work raises it.
        """
        return await run_in_writer_thread(self._connection, self._work, work)

    async def wait_for_others(self, seconds_max: float) -> None:
        """Let statements after the present one wait at most this long for another process."""
        raw = self._connection._conn  # noqa: SLF001  # see database
        await run_in_writer_thread(self._connection, database.be_patient, raw, seconds_max)

    async def interrupt(self) -> None:
        """Let the statement that runs now fail, unless it only waits or is done before."""
        with suppress(ValueError, sqlite3.ProgrammingError):  # it is closed
            await self._connection.interrupt()

    async def close(self, *, insist: bool) -> Path | None:
        """
        Bring what is committed into the main file and close; return where a log was put aside.

        A log that belongs to another database than the one it lies beside is put aside, not left
        there and not deleted: SQLite would do one or the other. Where another process has the lock
        now, the files are its own: nothing is done to them.

        Raises:
            StoreBusy: With `insist`, and only before it is closed: if something would be lost.
            AlreadyRunning: With `insist`, and only before it is closed: if another has the lock.
        """
        aside = None
        try:
            aside = await run_in_writer_thread(self._connection, self._leave, insist=insist)
        except TracedError:
            if insist:
                raise
        except Exception as error:  # noqa: BLE001  # a connection that cannot be left is closed
            log.error("database_left", error=fault(error))  # noqa: TRY400  # its text may be any
        await database.close(self._connection)
        return aside

    def _work(self, work: Callable[[Recorder], T]) -> tuple[T, Files]:
        bytes_before = self.place.main_bytes
        result = work(self.recorder)
        found = _look(self.place.look)
        if found != self.files and not (found.main == self.files.main and self._checkpoint()):
            raise StoreMoved(told(self.files, found))
        if self.place.main_bytes < bytes_before:
            raw = self._connection._conn  # noqa: SLF001  # see database
            database.check_size(raw, self.place.main_bytes)
        return result, found

    def _checkpoint(self) -> bool:
        return database.checkpoint(self._connection._conn)  # noqa: SLF001  # see database

    def _leave(self, *, insist: bool) -> Path | None:
        self._keep_lock()
        # Beside the log is the file that links led to when it was opened, wherever they lead now.
        found = _look(self.place.look_at_real)
        log_moved, main_moved = found.wal != self.files.wal, found.main != self.files.main
        try:
            complete = self._checkpoint()
        except StoreBroken:  # nothing more can be had from it
            complete = True
        if insist and found != self.files and not main_moved and not complete:
            raise StoreBusy(f"{told(self.files, found)}, and a reader holds what is in it")
        if log_moved == main_moved or not size(beside(self.place.real, WAL)):
            return None
        return beside(put_aside(self.place.real, "replaced", (WAL,)), WAL)


async def open_database(
    path: Path,
    durability: Durability,
    keep_lock: Callable[[], None] = nobody_else,
    migrations: Traversable = PACKAGED,
    *,
    is_suspect: bool = False,
    by_owner: bool = False,
) -> Opened:
    """
    Open the database at `path`, creating it if needed, and prove that it can commit.

    `keep_lock` raises where another process owns the database. One that `is_suspect` is read
    through first, which takes seconds for each GiB. `by_owner` is the recorder's.

    Raises:
        StoreError: If it cannot be used until somebody sees to it.
        StoreDamaged: If it is no sound database.
        StoreBusy: If it cannot be used just now.
    """
    place = Place(path)
    await anyio.to_thread.run_sync(database.try_to_open, path)
    before = _look(place.look)
    connection = await database.connect(path)

    def prepare(raw: sqlite3.Connection) -> Opened:
        database.prepare(raw, path, durability, migrations)
        if is_suspect:
            database.check_all(raw)
        recorder = Recorder(raw, keep_lock, by_owner=by_owner)
        recorder.prove()
        log_file = beside(place.real, WAL)
        if not database.has_head(log_file):
            database.checkpoint(raw)
            recorder.prove()
            if not database.has_head(log_file):
                raise StoreBusy(
                    f"{log_file} was deleted while somebody reads, and cannot be started again"
                    " until that ends, expected a head:"
                    f" `lsof {beside(place.real, SHM)}` lists who it is"
                )
        return Opened(connection, recorder, place, _opened_files(place, before), keep_lock)

    try:
        return await run_in_writer_thread(connection, prepare, connection._conn)  # noqa: SLF001
    except BaseException:
        await database.close(connection)
        raise


def _opened_files(place: Place, before: Files) -> Files:
    files = _look(place.look)
    if files.main != before.main or None in files:
        raise StoreMoved(f"{place.path} was moved while it was opened")
    if not are_open(files):
        raise StoreMoved(f"{place.path} or a file beside it is another one than what was opened")
    return files


def _look(look: Callable[[], Files]) -> Files:
    try:
        return look()
    except OSError as error:
        raise StoreBroken(f"the database cannot be looked at: {error}") from error
