"""
Calls without an id: which start and which end are of one call.

Law: what belongs together follows from when all starts and ends of one key (who called which tool
with what input) were, never from what was told first. Each end, the earliest first, takes the
oldest start before it that has none: of those with the fewest points in between at which a prompt
or the session began or ended, because a call that its user stopped never ends. How many pairs there
are does not depend on who takes whom, and one event more makes at most one pair more: so each event
either joins a row or makes one, and no row ever goes. Rows keep their ends; starts change places.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from traced.core.event import Phase, StepChange
from traced.core.ledger.batch import Batch
from traced.core.ledger.running import is_over, note
from traced.core.ledger.session import SessionState
from traced.core.ledger.step import BY_BATCH, RANK_MASK, STARTED_FLAG, StepState, put_start

# The latest of each key: no agent makes so many identical calls before the first of them ends.
ALIKE_MAX: Final = 100


class _Start(Struct):
    """What goes with a start wherever it goes; `row` has it now."""

    at: int
    row: StepState
    prompt_number: int
    is_over: bool


def joined(session: SessionState, match_key: int, change: StepChange) -> StepState | None:
    """Return the row that an event without a call id has to join, else None: it makes one."""
    rows = session.alike.get(match_key, [])
    starts, ended = _starts(rows), _ended(rows)
    points = _points(session, change.agent_id)
    if change.phase is Phase.START:
        return _joined_by_start(starts, ended, points, change.started_at or 0)
    return _joined_by_end(starts, ended, points, change.ended_at or 0)


def add(session: SessionState, match_key: int, step: StepState) -> None:
    """Keep a new row beside those of its key, of which the oldest may be too many."""
    rows = session.alike.setdefault(match_key, [])
    rows.append(step)
    del rows[:-ALIKE_MAX]


def share_out(batch: Batch, session: SessionState, match_key: int) -> None:
    """Let every start of a key be where it belongs, after a row was made, added to or closed."""
    rows = session.alike[match_key]
    starts, ended = _starts(rows), _ended(rows)
    points = _points(session, rows[0].agent_id)
    pairs = _pairs([start.at for start in starts], _times(ended), points)
    shares = {
        row.id: None if place is None else starts[place]
        for row, place in zip(ended, pairs, strict=True)
    }
    left = [start for place, start in enumerate(starts) if place not in pairs]
    stay = {start.row.id for start in left if not _is_ended(start.row)}
    moving = iter([start for start in left if _is_ended(start.row)])
    for row in rows:
        if not _is_ended(row) and row.id not in stay:
            shares[row.id] = next(moving)
    for row in rows:
        if row.id in shares:
            _give(batch, session, row, shares[row.id])


def point_told(batch: Batch, session: SessionState) -> None:
    """After a point at which something began or ended: see again which calls lie before it."""
    for match_key in session.alike:
        share_out(batch, session, match_key)


def holder(session: SessionState, step: StepState, change: StepChange) -> StepState:
    """Return the row that has what `change` said, after `step` was told it."""
    if change.phase is not Phase.START or step.match_key is None:
        return step
    holders = (row for row in session.alike[step.match_key] if row.started_at == change.started_at)
    return step if step.started_at == change.started_at else next(holders, step)


def _joined_by_start(
    starts: list[_Start], ended: list[StepState], points: list[int], at: int
) -> StepState | None:
    pairs = _pairs([start.at for start in starts], _times(ended), points)
    alone = next((row for row, start in zip(ended, pairs, strict=True) if start is None), None)
    if alone is None:
        return None
    more = _pairs(sorted([*(start.at for start in starts), at]), _times(ended), points)
    return alone if more.count(None) < pairs.count(None) else None


def _joined_by_end(
    starts: list[_Start], ended: list[StepState], points: list[int], at: int
) -> StepState | None:
    running = {start.row.id: start.row for start in starts if not _is_ended(start.row)}
    if not running:
        return None
    ends = _times(ended)
    place = bisect_right(ends, at)
    ends.insert(place, at)
    pairs = _pairs([start.at for start in starts], ends, points)
    if len(pairs) - pairs.count(None) == len(starts) - len(running):
        return None
    own = pairs[place]
    oldest = next(iter(running.values()))
    return oldest if own is None else running.get(starts[own].row.id, oldest)


def _starts(rows: Iterable[StepState]) -> list[_Start]:
    starts = [
        _Start(row.started_at or 0, row, row.prompt_number, row.status == "unknown")
        for row in rows
        if row.ranks & STARTED_FLAG
    ]
    return sorted(starts, key=_by_time)


def _by_time(start: _Start) -> int:
    return start.at


def _ended(rows: Iterable[StepState]) -> list[StepState]:
    return sorted(filter(_is_ended, rows), key=_by_end)


def _by_end(row: StepState) -> tuple[object, ...]:
    # Of two that ended at once, what they said decides: which was told first must not.
    told = (row.error or "", row.output_summary or "", row.duration_ms or 0)
    return (row.ended_at or 0, row.status, *told)


def _is_ended(row: StepState) -> bool:
    return row.ranks & RANK_MASK >= BY_BATCH


def _points(session: SessionState, agent_id: str | None) -> list[int]:
    points = [session.closed_at]
    if agent_id is None:
        for prompt in session.prompts:
            points += (prompt.started_at, prompt.ended_at)
    return sorted({at for at in points if at is not None})


def _times(ended: Iterable[StepState]) -> list[int]:
    return [row.ended_at or 0 for row in ended]


def _pairs(starts: Sequence[int], ends: Sequence[int], points: Sequence[int]) -> list[int | None]:
    """Return for each end which start is its own; all three are given in the order of time."""
    free = [(place, at, bisect_right(points, at)) for place, at in enumerate(starts)]
    pairs: list[int | None] = []
    for end in ends:
        before = free[: bisect_right(free, end, key=_at)]
        # The first of those with the fewest points in between, as `max` returns.
        found = max(before, key=_points_before, default=None)
        if found is not None:
            free.remove(found)
        pairs.append(None if found is None else found[0])
    return pairs


def _at(start: tuple[int, int, int]) -> int:
    return start[1]


def _points_before(start: tuple[int, int, int]) -> int:
    return start[2]


def _give(batch: Batch, session: SessionState, row: StepState, start: _Start | None) -> None:
    if start is None:
        if row.started_at is not None:
            put_start(row, None)
            batch.step_changed(row)
        return
    if start.row is row:
        return
    put_start(row, start.at)
    row.prompt_number = start.prompt_number
    if not _is_ended(row):
        row.open()
        if start.is_over or is_over(session, row):
            row.close()
    note(batch, session, row)
    batch.step_changed(row)
