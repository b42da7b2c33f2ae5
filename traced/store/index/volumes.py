"""
Volumes: the words of the steps, in full-text tables of 65,536 revisions each.

Law: entries are of revisions, so a step that changes has a new one, and its old one is of no step
any more. A volume is only added to; one with much that is void, or of which steps were removed,
is rewritten beside itself, and replaced when that is done.
"""

import sqlite3
import time
from collections.abc import Callable
from math import inf
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from traced.store.index.companion import IndexConnection
from traced.store.index.numbers import VOLUME_BITS, volume
from traced.store.statements import statement

# About 60 ms of work: an end is not held up, and the log of the database is not held for long.
SLICE_REVISIONS: Final = 2048
# Fewer new ones are found by going through them, which costs who searches some 20 µs each.
WAITING_REVISIONS_MIN: Final = 512
WAITING_SECONDS_MAX: Final = 10.0
MERGED_PAGES: Final = 100
VOID_SHARE_MAX: Final = 0.25
QUIET_SECONDS_MIN: Final = 60.0
CHANGES_OF_WORK_MIN: Final = 2


class Volume(Struct):
    """A row of `volume`."""

    number: int
    generation: int
    filled: int
    entries: int
    spoilt: int
    merged: int

    @property
    def table(self) -> str:
        """The name of its full-text table."""
        return f"words_{self.number}_{self.generation}"


def volumes(connection: sqlite3.Connection) -> dict[int, list[Volume]]:
    """Return the volumes by number, the newest first, each with its generations, lowest first."""
    found: dict[int, list[Volume]] = {}
    for row in connection.execute(statement("index/select_volumes")):
        found.setdefault(row[0], []).append(Volume(*row))
    return found


def named(name: str, table: str) -> str:
    """Return a statement about a full-text table."""
    return statement(f"index/{name}").replace("words_0", table)


class Volumes:
    """Keeps the volumes of a companion, one slice of work inside each transaction of the caller."""

    def __init__(
        self, connection: IndexConnection, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._filled_at = -inf
        self._merging: set[str] = set()
        self._spoilt_since: dict[int, float] = {}

    def work(self) -> bool:
        """Do a slice of what is most needed; return whether there was anything to do."""
        found = volumes(self._connection)
        sequence, first_id = self._connection.execute(statement("index/select_bounds")).fetchone()
        head = sequence >> VOLUME_BITS
        first = (sequence + 1 if first_id is None else first_id) >> VOLUME_BITS
        for number, generations in found.items():
            if number < first:
                self._remove(generations)
                return True
        for number in range(head, first - 1, -1):
            if self._fill(found.get(number) or [self._begin(number, 0)], sequence):
                return True
        return any(self._tend(generations) for generations in found.values())

    def _begin(self, number: int, generation: int) -> Volume:
        begun = Volume(number, generation, volume(number).first - 1, 0, spoilt=0, merged=0)
        self._connection.execute(named("create_words", begun.table))
        self._keep(begun)
        return begun

    def _fill(self, generations: list[Volume], sequence: int) -> bool:
        filling = generations[-1]
        end = min(volume(filling.number).last, sequence)
        waiting = end - filling.filled
        if waiting <= 0:
            return False
        if end == sequence and waiting < WAITING_REVISIONS_MIN:
            if self._clock() - self._filled_at < WAITING_SECONDS_MAX:
                return False
            self._filled_at = self._clock()
        last = min(end, filling.filled + SLICE_REVISIONS)
        done = self._connection.execute(
            named("insert_words", filling.table), {"first": filling.filled + 1, "last": last}
        )
        filling.entries += done.rowcount
        filling.filled = last
        self._keep(filling)
        if len(generations) > 1 and filling.filled >= generations[0].filled:
            self._remove(generations[:-1])
        return True

    def _tend(self, generations: list[Volume]) -> bool:
        """Make a full volume quick to search; start over with one whose steps were removed."""
        newest = generations[-1]
        if len(generations) > 1:
            return False
        if self._is_due_for_removals(newest):
            self._begin(newest.number, newest.generation + 1)
            return True
        first, last = volume(newest.number)
        if newest.merged or newest.filled < last:
            return False
        if newest.table in self._merging:
            self._merge(newest)
        elif newest.entries * (1 - VOID_SHARE_MAX) > self._count(
            "count_revisions", first=first, last=last
        ):
            self._begin(newest.number, newest.generation + 1)
        else:
            self._merging.add(newest.table)
            self._connection.execute(named("merge_words", newest.table), {"pages": -MERGED_PAGES})
        return True

    def _is_due_for_removals(self, newest: Volume) -> bool:
        if not newest.spoilt:
            self._spoilt_since.pop(newest.number, None)
            return False
        # Where one session is removed others are too: better once, when that is over.
        now = self._clock()
        return now - self._spoilt_since.setdefault(newest.number, now) >= QUIET_SECONDS_MIN

    def _merge(self, full: Volume) -> None:
        before = self._connection.total_changes
        self._connection.execute(named("merge_words", full.table), {"pages": MERGED_PAGES})
        # Fewer than two: there was nothing left to do (sqlite.org/fts5.html, 6.9).
        if self._connection.total_changes - before < CHANGES_OF_WORK_MIN:
            self._merging.discard(full.table)
            full.merged = 1
            self._keep(full)

    def _keep(self, written: Volume) -> None:
        self._connection.execute(statement("index/put_volume"), asdict(written))

    def _remove(self, old: list[Volume]) -> None:
        for each in old:
            self._connection.execute(named("drop_words", each.table))
            asked = {"number": each.number, "generation": each.generation}
            self._connection.execute(statement("index/delete_volume"), asked)

    def _count(self, name: str, **asked: int) -> int:
        (count,) = self._connection.execute(statement(f"index/{name}"), asked).fetchone()
        return int(count)
