"""
The spool: files that hook clients left while nobody answered, taken in by the daemon.

Law: a file is deleted only after its lines are committed; a file that cannot be read, is garbage
or half written never holds back the rest. What is no spool file is left alone and told once.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import structlog

from traced.client.spool import HIDDEN_PREFIX, parse_name, parse_note_name
from traced.core.event import Outcome
from traced.core.protocol import Protocol
from traced.ingest.intake import Intake, Submission
from traced.ingest.spool_file import Left, SpoolFile, read_spool_file

ROUND_BYTES_MAX: Final = 8 * 1024 * 1024
ROUND_FILES_MAX: Final = 500
# A client lives for seconds; what it left half written for so long was cut off by its death.
ABANDONED_SECONDS: Final = 3600

log = structlog.get_logger()


class _Taking:
    """A file on its way: deleted once all its parts are committed, whoever still waits for that."""

    def __init__(self, parts: int, delete: Callable[[], None]) -> None:
        self._parts_left = parts
        self._delete = delete
        self.over = anyio.Event()
        if not parts:
            self._end()

    def part_committed(self, _outcomes: Sequence[Outcome]) -> None:
        """Count a part."""
        self._parts_left -= 1
        if not self._parts_left:
            self._end()

    def _end(self) -> None:
        self._delete()
        self.over.set()


class Spool:
    """
    The reading end of one spool folder.

    `owners` tells the uids whose files are taken; files of others are left alone. `backlog` is how
    many files waited, and how many bytes they had, when `measure` looked last.
    """

    def __init__(
        self,
        folder: Path,
        new_protocol: Callable[[], Protocol],
        intake: Intake,
        owners: Callable[[int], bool],
        submission_events_max: int,
    ) -> None:
        self._folder = folder
        self._new_protocol = new_protocol
        self._intake = intake
        self._owners = owners
        self._events_max = submission_events_max
        self._told: set[str] = set()
        self._done_with: set[str] = set()  # names not to be read again while they are there
        self.backlog = (0, 0)

    async def watch(self, scan_seconds: float) -> None:
        """Take in what arrives, looking every `scan_seconds`."""
        while True:
            await self.take_all()
            await anyio.sleep(scan_seconds)

    async def measure(self, scan_seconds: float) -> None:
        """Keep `backlog` true to `scan_seconds`, also while nothing can be taken in."""
        while True:
            self.backlog = await anyio.to_thread.run_sync(self._measure)
            await anyio.sleep(scan_seconds)

    async def take_all(self) -> None:
        """Take in all that is there, in the order of the names; return when it is committed."""
        names = await anyio.to_thread.run_sync(self._names)
        while names:
            files = await anyio.to_thread.run_sync(self._read_some, names)
            takings = [await self._put(file) for file in files]
            for taking in takings:
                await taking.over.wait()

    async def _put(self, file: SpoolFile) -> _Taking:
        taking = _Taking(len(file.parts), partial(self._delete, file.path))
        for records, size, number in file.parts:
            await self._intake.room()
            self._intake.put(
                Submission(
                    records,
                    size,
                    file.written_at,
                    file.uid,
                    taking.part_committed,
                    file.path.name,
                    number,
                )
            )
        return taking

    def _delete(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            # Its lines are known, so that it does no harm when a later daemon meets it again.
            self._done_with.add(path.name)
            self._tell(path.name, f"taken in, but it cannot be deleted: {error.strerror}")

    def _names(self) -> list[str]:
        """Return the names of the files to take, the latest first, so that they can be popped."""
        names = [entry.name for entry in self._entries() if not self._is_stranger(entry)]
        self._told.intersection_update([*names, "."])
        self._done_with.intersection_update(names)
        return sorted(set(names) - self._done_with, reverse=True)

    def _read_some(self, names: list[str]) -> list[SpoolFile]:
        files: list[SpoolFile] = []
        total = 0
        while names and total < ROUND_BYTES_MAX and len(files) < ROUND_FILES_MAX:
            name = names.pop()
            try:
                file = read_spool_file(
                    self._folder / name, self._new_protocol(), self._owners, self._events_max
                )
            except FileNotFoundError:
                continue
            except Left as left:
                if left.for_good:
                    self._done_with.add(name)
                self._tell(name, str(left))
                continue
            files.append(file)
            total += file.size
        return files

    def _measure(self) -> tuple[int, int]:
        sizes: list[int] = []
        for entry in self._entries():
            if parse_name(entry.name) is not None:
                with suppress(OSError):
                    sizes.append(entry.stat(follow_symlinks=False).st_size)
        return len(sizes), sum(sizes)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self._folder) as entries:
                yield from entries
            self._told.discard(".")
        except OSError as error:
            self._tell(".", f"the folder cannot be read: {error.strerror}")

    def _is_stranger(self, entry: os.DirEntry[str]) -> bool:
        if parse_name(entry.name) is not None:
            return False
        name = entry.name.removeprefix(HIDDEN_PREFIX)
        if parse_name(name) is not None or parse_note_name(name) is not None:
            with suppress(OSError):
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if age > ABANDONED_SECONDS:
                    Path(entry.path).unlink()
                    log.warning("spool_file_abandoned", file=entry.name, age_seconds=round(age))
        return True

    def _tell(self, name: str, why: str) -> None:
        if name not in self._told:
            self._told.add(name)
            log.warning("spool_file_left", file=name, folder=str(self._folder), why=why)
