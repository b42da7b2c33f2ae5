"""
One file of the spool, read into what can be put into the intake, some of it at a time.

Law: what is held of it is bounded, however large it is; and a record has the same number whenever
it is read, so that the record met again after a crash is known.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from traced.client.spool import parse_name
from traced.core.protocol import Protocol
from traced.core.wire import Control
from traced.ingest.intake import Record
from traced.ingest.spool_file import Left, opened
from traced.ingest.spool_lines import Budget, Lines, Step, is_later

# What a step costs as in events, or a file of blank lines would be read in rounds of a second.
STEP_EVENTS: Final = 10
NEWER: Final = "it was written by a newer traced"


class Part(NamedTuple):
    """Some records of a file in a row, and what their lines weigh in memory; the first's number."""

    records: list[Record]
    size: int
    number: int


class _Seen(NamedTuple):
    """What tells a file from another, and from itself after a change."""

    device: int
    inode: int
    size: int
    changed_ns: int


class Reading:
    """
    A file that is read from its beginning to its end, some parts at a time.

    `parts` are those that were read last: the last ones if it is `whole`. `uid` is its owner,
    `written_at` the time of its event in Unix milliseconds. Between two reads it is closed, and
    nothing of it is kept but how far it was read, and in how many `reads`.

    A file is taken or left as a whole for the version of its lines: one that is more than a part
    is looked through to its end before its first part is read.
    """

    def __init__(
        self,
        path: Path,
        owners: Callable[[int], bool],
        new_protocol: Callable[[], Protocol],
        events_max: int,
    ) -> None:
        self.path = path
        self.written_at = _written_at(path.name)
        self.uid: int | None = None
        self.parts: list[Part] = []
        self.whole = False
        self.reads = 0
        self._owners = owners
        self._new_protocol = new_protocol
        self._events_max = events_max
        self._seen: _Seen | None = None
        self._looked_through = 0
        self._offset = 0
        self._number = 0

    @property
    def begun(self) -> bool:
        """Whether some of its lines were read."""
        return self._offset > 0

    def read(self, budget: Budget) -> None:
        """
        Read the next parts, each of at most `events_max` records, as far as the budget goes.

        There may be none, also before it is whole.

        Raises:
            FileNotFoundError: If it is gone by now.
            Left: If it is none of those that are taken, cannot be read, or is of a later version.
        """
        self.parts = []
        self.reads += 1
        budget.spend(1, 0)
        with opened(self.path, self._owners) as (descriptor, status):
            self._recognise(status)
            lines = Lines(descriptor, status.st_size, self._new_protocol())
            if not self.begun and (step := lines.read_all(self._events_max)) is not None:
                self._take(step, budget)
            elif self._is_looked_through(lines, status.st_size, budget):
                while self._offset < status.st_size and budget.lasts():
                    budget.spend(STEP_EVENTS, 0)
                    self._take(lines.read(self._offset, self._events_max), budget)
            self.whole = self._offset == status.st_size

    def _recognise(self, status: os.stat_result) -> None:
        seen = _Seen(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if self._seen not in (None, seen):
            self._offset = 0  # not `begun`: the next look finds another file, and reads all of it
            raise Left("it was changed while it was read")
        self._seen = seen
        self.uid = status.st_uid

    def _is_looked_through(self, lines: Lines, file_bytes: int, budget: Budget) -> bool:
        if self._looked_through < file_bytes:
            offset = lines.look_through(self._looked_through, budget)
            if offset is None:
                raise Left(NEWER, for_good=True)
            self._looked_through = offset
        return self._looked_through == file_bytes

    def _take(self, step: Step, budget: Budget) -> None:
        if is_later(step.items):
            raise Left(NEWER, for_good=True)
        records: list[Record] = [item for item in step.items if not isinstance(item, Control)]
        if records:
            self.parts.append(Part(records, step.size, self._number))
        self._offset = step.offset
        self._number += len(records)
        budget.spend(len(records), step.size)


def _written_at(name: str) -> int:
    parsed = parse_name(name)
    now = time.time_ns()
    return (now if parsed is None else min(parsed.unix_ns, now)) // 1_000_000
