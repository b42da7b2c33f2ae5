"""
Searching the steps for words, the ones that changed last first.

Law: what is found is what the steps hold now, whatever the companion says: it only tells where to
look. What it does not cover is gone through one by one, within a bound, and the answer says so.
"""

import time
from typing import Final

import msgspec

from traced.store.index.companion import with_companion_or_without
from traced.store.index.numbers import VOLUME_BITS, Range, volume
from traced.store.index.volumes import Volume, named, volumes
from traced.store.index.words import SCRATCH, beginning, exactly, make_scratch, words_of
from traced.store.reader import ReadConnection, snapshot
from traced.store.rows import Step
from traced.store.statements import json_list, statement

# Some 20 µs each: 30 ms of steps too new to be in a volume, on top of what the volumes take.
UNINDEXED_REVISIONS_MAX: Final = 1500
# Where there are no volumes at all, and going through steps is all that can be done.
SCANNED_REVISIONS_MAX: Final = 20_000
SCANNED_AT_ONCE: Final = 500
SECONDS_MAX: Final = 1.0


class Query(msgspec.Struct, frozen=True):
    """
    What to look for: steps that hold all words of `text`, the last as a beginning of one.

    `before` is a revision, for the next page: that of the last step seen, or `Found.next`.
    """

    text: str
    limit: int
    agent: str | None = None
    trace_type: str | None = None
    before: int | None = None


class Found(msgspec.Struct, frozen=True):
    """
    The steps found, the one that changed last first; `next` is the `before` to go on with, if any.

    If not `complete`, some of the newest steps are in no volume yet, and were not searched.
    """

    results: list[Step]
    next: int | None
    complete: bool


def search(
    connection: ReadConnection,
    query: Query,
    *,
    seconds_max: float = SECONDS_MAX,
    unindexed_max: int = UNINDEXED_REVISIONS_MAX,
) -> Found:
    """
    Return what is found within `seconds_max`; fewer than `limit` are all only if `next` is null.

    Of steps that are in no volume yet the newest `unindexed_max` are gone through.

    The connection is one of `open_with_companion`.

    Raises:
        NothingToFind: If the text holds no word.
        StoreError: If the database cannot be read.
    """
    if query.limit < 1:
        return Found([], query.before, complete=True)

    def run() -> Found:
        with snapshot(connection):
            return _Search(connection, query, time.monotonic() + seconds_max).run(unindexed_max)

    return with_companion_or_without(connection, run)


class _Search:
    """One search: what it looks for, and what it has found."""

    def __init__(self, connection: ReadConnection, query: Query, deadline: float) -> None:
        self._connection = connection
        self._query = query
        self._deadline = deadline
        words = words_of(connection, query.text)
        make_scratch(connection)
        # Whole words are looked up at once; a beginning may be that of thousands.
        self._exactly = exactly(words[:-1], query.agent, query.trace_type)
        self._wanted = " AND ".join(filter(None, (self._exactly, beginning(words[-1]))))
        self._results: list[Step] = []
        self._complete = True
        self._to_scan = SCANNED_REVISIONS_MAX

    def run(self, unindexed_max: int) -> Found:
        covered = volumes(self._connection)  # first: what changes after this is found by scanning
        if covered:
            self._to_scan = unindexed_max
        sequence, first_id = self._connection.execute(statement("index/select_bounds")).fetchone()
        first = sequence + 1 if first_id is None else first_id
        before = sequence + 1 if self._query.before is None else self._query.before
        last = min(before - 1, sequence)
        for number in range(last >> VOLUME_BITS, (first >> VOLUME_BITS) - 1, -1):
            start, end = volume(number)
            used = covered[number][0] if number in covered else None
            filled = start - 1 if used is None else used.filled
            unscanned = self._scan(Range(max(start, filled + 1), min(end, last)))
            if unscanned is not None and not covered:
                return self._found(unscanned + 1)
            if unscanned is not None:
                self._complete = False
            if used is not None:
                self._look_up(used, min(filled, last))
            if self._is_enough():
                return self._found(self._results[-1].revision)
            if time.monotonic() > self._deadline and start > first:
                return self._found(start)
        return self._found(None)

    def _found(self, goes_on: int | None) -> Found:
        return Found(self._results, goes_on, self._complete)

    def _is_enough(self) -> bool:
        return len(self._results) >= self._query.limit

    def _scan(self, revisions: Range) -> int | None:
        """Go through steps, the last first; return the last that was not, if it was too much."""
        last = revisions.last
        while last >= revisions.first and not self._is_enough():
            if self._to_scan <= 0:
                return last
            first = max(revisions.first, last - SCANNED_AT_ONCE + 1)
            self._to_scan -= last - first + 1
            put = {"first": first, "last": last}
            self._connection.execute(named("insert_words", SCRATCH), put)
            self._collect(SCRATCH, last)
            self._connection.execute(named("delete_scratch_words", SCRATCH))
            last = first - 1
        return None

    def _look_up(self, used: Volume, last: int) -> None:
        if self._is_enough():
            return
        if not self._exactly or self._revisions(used.table, self._exactly, last + 1, 1):
            self._collect(used.table, last)

    def _collect(self, table: str, last: int) -> None:
        before = last + 1
        while not self._is_enough():
            missing = self._query.limit - len(self._results)
            revisions = self._revisions(table, self._wanted, before, missing)
            if revisions:
                self._results += self._steps(revisions)
                before = revisions[-1]
            if len(revisions) < missing:
                return

    def _revisions(self, table: str, words: str, before: int, limit: int) -> list[int]:
        asked = {"words": words, "before": before, "limit": limit}
        rows = self._connection.execute(named("find_words", table), asked).fetchall()
        return [revision for (revision,) in rows]

    def _steps(self, revisions: list[int]) -> list[Step]:
        asked = {
            "revisions": json_list(revisions),
            "agent": self._query.agent,
            "trace_type": self._query.trace_type,
        }
        rows = self._connection.execute(statement("index/list_found"), asked).fetchall()
        return [Step(*row) for row in rows]
