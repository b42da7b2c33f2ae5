"""
Figures over all steps, or over those since a time: from tallies where they hold, else from steps.

Law: every step is counted exactly once, as it is now. Counts and totals are exact; percentiles are
within 5 % where tallies take part, which is from 16,384 ids on, and exact below.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from traced.store.index.companion import with_companion_or_without
from traced.store.index.numbers import BLOCK_BITS, SPAN_BITS, Range, block
from traced.store.index.tallies import changed_blocks
from traced.store.reader import ReadConnection, snapshot
from traced.store.rows import StepStats
from traced.store.statements import json_list, statement

# Before any time that is stored.
ALWAYS: Final = -(1 << 62)


_Row = tuple[str, str, str, float | None, int, int, float]


class _Kind(msgspec.Struct):
    """What is known of the steps of one kind; each duration with how many steps took it."""

    count: int = 0
    errors: int = 0
    total_ms: float = 0.0
    durations: list[tuple[float, int]] = msgspec.field(default_factory=list)


def stats(
    connection: ReadConnection, since_ms: int | None = None, agent: str | None = None
) -> list[StepStats]:
    """
    Return figures for every kind of step, the longest total first; durations in milliseconds.

    With `since_ms` of those that ran then or later; a step runs when it starts, or ends if that is
    all that is known. The connection is one of `open_with_companion`.

    Raises:
        StoreError: If the database cannot be read.
    """
    since = ALWAYS if since_ms is None else since_ms

    def run() -> list[StepStats]:
        with snapshot(connection):
            cover = _Cover(connection, since)
            asked = {
                "extents": json_list(cover.extents),
                "ranges": json_list(cover.ranges),
                "since": since,
                "agent": agent,
            }
            rows = connection.execute(statement("index/step_stats"), asked).fetchall()
        return _figures(rows)

    return with_companion_or_without(connection, run)


def stats_of_session(connection: ReadConnection, session_pk: int) -> list[StepStats]:
    """Return exact figures for every kind of step of one session; any reader's connection does."""
    asked = {"session_pk": session_pk}
    return _figures(connection.execute(statement("view_durations"), asked).fetchall())


def _figures(rows: Iterable[_Row]) -> list[StepStats]:
    """Sum up rows of one kind and one duration each."""
    kinds: dict[tuple[str, str, str], _Kind] = {}
    for trace_type, name, source, duration_ms, steps, errors, total_ms in rows:
        key = trace_type, name, source
        kind = kinds.get(key)
        if kind is None:
            kind = kinds[key] = _Kind()
        kind.count += steps
        kind.errors += errors
        kind.total_ms += total_ms
        if duration_ms is not None:
            kind.durations.append((duration_ms, steps))
    found = []
    for (trace_type, name, source), kind in kinds.items():
        p50_ms, p95_ms = _percentiles(kind.durations, (50, 95))
        counts = kind.count, kind.errors
        found.append(
            StepStats(trace_type, name, source or None, *counts, p50_ms, p95_ms, kind.total_ms)
        )
    found.sort(key=lambda each: (each.trace_type, each.name, each.source or ""))
    found.sort(key=lambda each: (each.total_ms, each.count), reverse=True)
    return found


def _percentiles(
    durations: list[tuple[float, int]], wanted: tuple[int, int]
) -> Iterator[float | None]:
    """Yield percentiles by nearest rank of durations, each with how many steps took it."""
    durations.sort()
    number = sum(steps for _, steps in durations)
    passed, place = 0, iter(durations)
    duration_ms: float | None = None
    for percent in wanted:
        while passed * 100 < number * percent:
            duration_ms, steps = next(place)
            passed += steps
        yield duration_ms


class _Cover:
    """
    The fewest extents and ranges of ids that together hold all steps since a time.

    An extent holds if it stands in its table and nothing of it has changed since; it is taken if
    all of it ran since then. What is left are whole blocks, taken as `ranges`, neighbours as one.
    """

    def __init__(self, connection: ReadConnection, since: int) -> None:
        self.extents: list[tuple[int, int]] = []
        self.ranges: list[Range] = []
        self._since = since
        execute = connection.execute
        marked, removal_id, _, sequence = execute(statement("index/select_progress")).fetchone()
        self._ran = {
            (level, number): (ran_from, ran_to)
            for level, number, ran_from, ran_to in execute(statement("index/select_extents"))
        }
        self._changed: set[tuple[int, int]] = set()
        levels = max((level for level, _ in self._ran), default=0)
        for number in changed_blocks(connection, marked, removal_id):
            self._changed |= {(level, number >> SPAN_BITS * level) for level in range(levels + 1)}
        _, first_id = execute(statement("index/select_bounds")).fetchone()
        if first_id is None:
            return
        first, last = first_id >> BLOCK_BITS, sequence >> BLOCK_BITS
        for number in range(first >> SPAN_BITS * levels, (last >> SPAN_BITS * levels) + 1):
            self._take(levels, number, Range(first, last))

    def _take(self, level: int, number: int, blocks: Range) -> None:
        lowest = number << SPAN_BITS * level
        if lowest > blocks.last or (number + 1 << SPAN_BITS * level) <= blocks.first:
            return
        key = level, number
        if key in self._ran and key not in self._changed:
            ran_from, ran_to = self._ran[key]
            if ran_to is None or ran_to < self._since:
                return
            if ran_from >= self._since:
                self.extents.append(key)
                return
        if level > 0:
            for part in range(number << SPAN_BITS, number + 1 << SPAN_BITS):
                self._take(level - 1, part, blocks)
        else:
            self._take_steps(block(number))

    def _take_steps(self, ids: Range) -> None:
        if self.ranges and self.ranges[-1].last + 1 == ids.first:
            ids = Range(self.ranges.pop().first, ids.last)
        self.ranges.append(ids)
