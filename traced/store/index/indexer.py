"""
The companion's writer: one slice of work at a time, each a transaction of its own.

Law: whatever is interrupted was never begun. What is wrong with the companion is put right by
rebuilding it; what is wrong with the database is the recorder's business, and is waited out.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import structlog

from traced.core.errors import StoreBusy
from traced.store.files import FileId, file_id
from traced.store.index.companion import (
    IndexConnection,
    belongs,
    companion_path,
    discard,
    is_damage,
    open_companion,
)
from traced.store.index.tallies import Tallies
from traced.store.index.volumes import Volumes
from traced.store.statements import statement

Work = Literal["tallies", "words"]

# While nobody commits there is only what was put off, for ten seconds or longer.
LOOK_SECONDS_MAX: Final = 10.0

log = structlog.get_logger()


class Indexer:
    """Used by one thread at a time; only `interrupt` may be called from another."""

    def __init__(self, database: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._path = companion_path(database)
        self._clock = clock
        self._opened: _Opened | None = None

    def work(self) -> Work | None:
        """
        Do a slice of work; return what it was for, None if there was nothing to do.

        Raises:
            StoreBusy: If it cannot be done just now.
            StoreError: If another program's file is in the companion's place.
        """
        try:
            return self._ready().work()
        except sqlite3.Error as error:
            self._put_right(error)
            raise StoreBusy(f"{self._path} cannot be written just now: {error}") from error
        except OSError as error:
            self.close()
            raise StoreBusy(f"{self._path} cannot be made just now: {error.strerror}") from error

    def interrupt(self) -> None:
        """Let the statement that runs now fail; its slice is done another time."""
        opened = self._opened
        if opened is not None:
            with suppress(sqlite3.ProgrammingError):  # closed by now, and nothing runs
                opened.connection.interrupt()

    def close(self) -> None:
        """Close what is open; the next slice opens it again."""
        opened, self._opened = self._opened, None
        if opened is not None:
            # A statement uses up an interrupt that is still pending. Closing would be interrupted
            # otherwise, and the log would not be brought into the file.
            with suppress(sqlite3.Error):
                opened.connection.execute(statement("index/select_data_version"))
            opened.connection.close()

    def _ready(self) -> "_Opened":
        # A file that was replaced or deleted stays open, and would be written to by us alone.
        if self._opened is not None and self._opened.files != self._files():
            self.close()
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> "_Opened":
        connection = open_companion(self._database)
        try:
            holds = belongs(connection)
        except BaseException:
            connection.close()
            raise
        if not holds:
            connection.close()
            log.info("index_made_anew", path=str(self._path), why="it is of another database")
            discard(self._path)
            connection = open_companion(self._database)
        return _Opened(connection, self._files(), self._clock)

    def _files(self) -> tuple[FileId | None, FileId | None]:
        return file_id(str(self._path)), file_id(str(self._database))

    def _put_right(self, error: sqlite3.Error) -> None:
        self.close()
        if is_damage(error):
            log.warning("index_made_anew", path=str(self._path), why=str(error))
            try:
                discard(self._path)
            except OSError as failure:
                log.warning("index_kept", path=str(self._path), error=failure.strerror)


class _Opened:
    """An open companion and those who write it."""

    def __init__(
        self,
        connection: IndexConnection,
        files: tuple[FileId | None, FileId | None],
        clock: Callable[[], float],
    ) -> None:
        self.connection = connection
        self.files = files
        self._clock = clock
        self._idle_version = -1
        self._idle_at = 0.0
        self._tallies = Tallies(connection, clock)
        self._volumes = Volumes(connection, clock)

    def work(self) -> Work | None:
        (version,) = self.connection.execute(statement("index/select_data_version")).fetchone()
        if version == self._idle_version and self._clock() - self._idle_at < LOOK_SECONDS_MAX:
            return None
        done = self._slice()
        if done is None:
            self._idle_version, self._idle_at = version, self._clock()
            self.connection.executescript(statement("index/vacuum"))
        return done

    def _slice(self) -> Work | None:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            # Figures first: they keep up with any rate of events, words do not.
            self._tallies.mark()
            done: Work | None = None
            if self._tallies.count() or self._tallies.merge():
                done = "tallies"
            elif self._volumes.work():
                done = "words"
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # some failures have ended it already
                self.connection.execute("ROLLBACK")
            raise
        return done
