"""
The spool: files that hook clients left while nobody answered, taken in by the daemon.

Law: a file is deleted only after its lines are committed; a file that cannot be read, is garbage
or half written never holds back the rest. What is no spool file is left alone and told once.
"""

import heapq
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
from traced.ingest.spool_file import Left
from traced.ingest.spool_lines import Budget
from traced.ingest.spool_reading import Part, Reading

# What is read between two chances to stop, some hundredths of a second: the files opened and the
# records, and the bytes that these weigh in memory.
ROUND_EVENTS_MAX: Final = 2000
ROUND_BYTES_MAX: Final = 8 * 1024 * 1024
# A file that takes longer lets those behind it go ahead for a while. No client of ours writes so
# many lines into one, so that the order of the names is that of the events all the same.
TURN_ROUNDS_MAX: Final = 25
# Names that are held at once; a folder with more of them is scanned again for the next ones.
LOOK_FILES_MAX: Final = 50_000
# How many times as long as it takes to measure the folder it is not measured again.
MEASURE_PAUSES: Final = 10
# A client lives for seconds; a file that is half written after an hour was cut off by its death.
ABANDONED_SECONDS: Final = 3600

log = structlog.get_logger()


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
        self._events_max = min(submission_events_max, ROUND_EVENTS_MAX)
        self._told: set[str] = set()
        self._done_with: set[str] = set()  # names not to be read again while they are there
        self.backlog = (0, 0)

    async def measure(self, scan_seconds: float) -> None:
        """
        Keep `backlog` true to `scan_seconds`, also while nothing can be taken in.

        Where measuring itself takes long, to `MEASURE_PAUSES` times as long as that.
        """
        while True:
            began = anyio.current_time()
            self.backlog = await anyio.to_thread.run_sync(self._measure, abandon_on_cancel=True)
            took = anyio.current_time() - began
            await anyio.sleep(max(scan_seconds, MEASURE_PAUSES * took))

    async def take_all(self) -> None:
        """
        Take in all that is there, in the order of the names; return when it is committed.

        A stop can come between any two rounds. What was put into the intake by then goes its way;
        a file that was not read to its end stays, and what is known of it is recognised by the
        next start: each record bears the name of its file and its number there.
        """
        unfinished: dict[str, Reading] = {}
        after = ""
        while True:
            # Abandoned: a stop need not wait for the half second that 100,000 names take.
            names = await anyio.to_thread.run_sync(self._names, after, abandon_on_cancel=True)
            after = names[0] if len(names) == LOOK_FILES_MAX else ""
            if unfinished:
                names = sorted({*names, *unfinished}, reverse=True)
            while names:
                files = await anyio.to_thread.run_sync(self._read_round, names, unfinished)
                await self._put(files)
            if not after and not unfinished:
                return

    async def _put(self, files: Sequence[Reading]) -> None:
        """Put the parts of these files into the intake; return when they are committed."""
        waiting = [(file, part) for file in files for part in file.parts]
        committed = anyio.Event()
        for file, part in waiting:
            is_last = part is waiting[-1][1]
            await self._intake.room()
            self._intake.put(
                Submission(
                    part.records,
                    part.size,
                    file.written_at,
                    file.uid,
                    partial(self._settle, file, part, committed if is_last else None),
                    file.path.name,
                    part.number,
                )
            )
        for file in files:
            if file.whole and not file.parts:
                self._delete(file.path)  # what was read of it before is committed
        if waiting:
            await committed.wait()

    def _settle(
        self, file: Reading, part: Part, committed: anyio.Event | None, _: Sequence[Outcome]
    ) -> None:
        """Take note of a commit; what was put before this part is committed too."""
        if file.whole and part is file.parts[-1]:
            self._delete(file.path)
        if committed is not None:
            committed.set()

    def _delete(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            # Its lines are known, so that it does no harm when a later daemon meets it again.
            self._done_with.add(path.name)
            self._tell(path.name, f"taken in, but it cannot be deleted: {error.strerror}")

    def _names(self, after: str) -> list[str]:
        """Return the first names after this one of files to take, the last first, to be popped."""
        known = self._told | self._done_with
        still = {"."}

        def waiting() -> Iterator[str]:
            for entry in self._entries():
                if not self._is_stranger(entry):
                    if entry.name in known:
                        still.add(entry.name)
                    if entry.name > after and entry.name not in self._done_with:
                        yield entry.name

        names = heapq.nsmallest(LOOK_FILES_MAX, waiting())
        self._told.intersection_update(still)
        self._done_with.intersection_update(still)
        names.reverse()
        return names

    def _read_round(self, names: list[str], unfinished: dict[str, Reading]) -> list[Reading]:
        """Read from the files of these names, in turn; take out of `names` those that are over."""
        files: list[Reading] = []
        budget = Budget(ROUND_EVENTS_MAX, ROUND_BYTES_MAX)
        while names and budget.lasts():
            name = names.pop()
            file = unfinished.pop(name, None) or self._new_reading(name)
            try:
                file.read(budget)
            except FileNotFoundError:
                continue
            except Left as left:
                if left.for_good or file.begun:  # or each look would read up to the bad place
                    self._done_with.add(name)
                self._tell(name, str(left))
                continue
            files.append(file)
            if not file.whole:
                unfinished[name] = file
                if file.reads % TURN_ROUNDS_MAX:
                    names.append(name)
        return files

    def _new_reading(self, name: str) -> Reading:
        return Reading(self._folder / name, self._owners, self._new_protocol, self._events_max)

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
