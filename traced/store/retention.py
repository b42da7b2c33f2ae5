"""
Which sessions are too old or too many, and may go.

Law: a session goes whole, the longest unused first, and one that was used in the last 24 hours
stays whatever the limits say. Looking decides nothing: whoever removes looks again.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from traced.store.reader import ReadConnection, snapshot
from traced.store.statements import json_list, statement

DAY_MS: Final = 24 * 60 * 60 * 1000
IN_USE_MS: Final = DAY_MS
# A clock that has run evenly for so long is believed, since a wrong one would have been noticed.
EVEN_MS_MIN: Final = DAY_MS
# So is one by which sessions were used shortly before it was first read.
PAUSE_MS_MAX: Final = 7 * DAY_MS


class Limits(Struct, frozen=True):
    """
    How long a session is kept after its last event, and how large the database may be.

    `bytes_max` bounds what the file holds, without its free pages. None is no limit.
    """

    age_ms_max: int | None
    bytes_max: int | None

    def unused_before(self, now: int) -> int:
        """Return since when (Unix ms) a session must have been used to stay for certain."""
        return now - IN_USE_MS

    def too_old_before(self, now: int) -> int | None:
        """Return before when (Unix ms) the last event of a session is too long ago."""
        return None if self.age_ms_max is None else now - self.age_ms_max


class Doomed(NamedTuple):
    """A session that may go."""

    pk: int
    steps: int


def limits_of(age_days_max: int, bytes_max: int) -> Limits:
    """Return the limits of these settings, in which 0 is no limit."""
    return Limits(age_days_max * DAY_MS or None, bytes_max or None)


class StepRange(NamedTuple):
    """Between which ids the steps of a session lie; of one without steps, None."""

    session_pk: int
    first_step_id: int | None
    last_step_id: int | None


class Plan(Struct, frozen=True):
    """
    What goes by the limits, in the order in which it goes, and what stays though it should go.

    `bytes_about` is their share of the database by the number of their rows; `bytes_used` is what
    the database holds without sessions that are being deleted already. `unmet` says in words which
    limit cannot be met, since what is left was used in the last 24 hours.
    """

    sessions: Sequence[Doomed]
    bytes_about: int
    bytes_used: int
    unmet: str | None

    @property
    def steps(self) -> int:
        """How many steps go."""
        return sum(each.steps for each in self.sessions)


class _Share(NamedTuple):
    """What a row, a session or a step, takes of the file on average; and what rows that stay do."""

    row_bytes: float
    bytes_used: int


def plan(connection: ReadConnection, limits: Limits, now: int) -> Plan:
    """
    Say what would go at `now` (Unix ms).

    Raises:
        StoreError: If the database cannot be read.
    """
    with snapshot(connection):
        share = _share(connection)
        unused = connection.execute(
            statement("list_unused_sessions"), {"before": limits.unused_before(now)}
        ).fetchall()
        going, left = _going(unused, share, limits, now)
        young = _used_lately(connection, limits, now)
    about = sum(_bytes(each, share) for each in going)
    unmet = _unmet_age(young) or _unmet_size(left, limits, all_go=len(going) == len(unused))
    return Plan(going, round(about), share.bytes_used, unmet)


def doubt(connection: ReadConnection, limits: Limits, now: int, even_since: int) -> str | None:
    """
    Say in words why a removal by age should wait, or return None if it need not.

    The clock says `now`, and has run evenly since `even_since` (Unix ms on it). One that was set
    far ahead makes all that is recorded look old, and nothing used for as long as it is ahead. A
    machine that was off for so long looks the same; there, waiting does no harm.

    Raises:
        StoreError: If the database cannot be read.
    """
    too_old_before = limits.too_old_before(now)
    if too_old_before is None or now - even_since >= EVEN_MS_MIN:
        return None
    asked = {"too_old_before": too_old_before, "since": even_since}
    with snapshot(connection):
        old, last_used_at = connection.execute(statement("sessions_in_doubt"), asked).fetchone()
    if not old or even_since - last_used_at <= PAUSE_MS_MAX:
        return None
    days = (even_since - last_used_at) // DAY_MS
    return (
        f"sessions past the age limit stay for now ({old}): nothing was recorded for {days} days"
        " before the daemon started or the clock was set, so the clock may be wrong;"
        " they go once it has run for 24 hours"
    )


def step_ranges(connection: ReadConnection, pks: Sequence[int]) -> list[StepRange]:
    """
    Return between which ids the steps of these sessions lie.

    Raises:
        StoreError: If the database cannot be read.
    """
    with snapshot(connection):
        asked = {"pks": json_list(pks)}
        return [
            StepRange(*row) for row in connection.execute(statement("select_step_ranges"), asked)
        ]


def step_ids(
    connection: ReadConnection, sessions_max: int, steps_max: int
) -> tuple[list[int], list[int]]:
    """
    Return the next hidden sessions to be deleted, and the highest ids of their steps.

    Without ids there are no steps left of these sessions, and without sessions nothing is left.
    Deleting in the order of ids takes pages one after the other, whichever session a row is of.

    Raises:
        StoreError: If the database cannot be read.
    """
    with snapshot(connection):
        found = connection.execute(statement("select_removed_sessions"), {"limit": sessions_max})
        pks = [pk for (pk,) in found.fetchall()]
        asked = {"pks": json_list(pks), "limit": steps_max}
        ids = connection.execute(statement("select_step_ids_of"), asked).fetchall()
    return pks, [step_id for (step_id,) in ids]


def file_bytes(connection: ReadConnection) -> int:
    """
    Return how large the file is, or will be when the log is in it.

    Raises:
        StoreError: If the database cannot be read.
    """
    with snapshot(connection):
        return _pragma(connection, "page_count") * _pragma(connection, "page_size")


def _share(connection: sqlite3.Connection) -> _Share:
    rows, rows_kept = connection.execute(statement("count_rows_kept")).fetchone()
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    used = pages * _pragma(connection, "page_size")
    return _Share(used / max(rows, 1), round(used * rows_kept / rows) if rows else used)


def _going(
    unused: Sequence[tuple[int, int, int]], share: _Share, limits: Limits, now: int
) -> tuple[list[Doomed], float]:
    """Return what goes, and how many bytes are left then."""
    too_old_before = limits.too_old_before(now)
    going: list[Doomed] = []
    left = float(share.bytes_used)
    for pk, last_event_at, steps in unused:
        is_too_old = too_old_before is not None and last_event_at < too_old_before
        is_too_much = limits.bytes_max is not None and left > limits.bytes_max
        if not (is_too_old or is_too_much):
            break
        going.append(Doomed(pk, steps))
        left -= _bytes(going[-1], share)
    return going, left


def _bytes(session: Doomed, share: _Share) -> float:
    return (session.steps + 1) * share.row_bytes


def _used_lately(connection: sqlite3.Connection, limits: Limits, now: int) -> int:
    """Return how many sessions are too old, and yet were used in the last 24 hours."""
    before = limits.too_old_before(now)
    if before is None:
        return 0
    asked = {"since": limits.unused_before(now), "before": before}
    (count,) = connection.execute(statement("count_sessions_between"), asked).fetchone()
    return int(count)


def _unmet_age(sessions: int) -> str | None:
    if not sessions:
        return None
    return f"{sessions} older sessions stay, as they were used in the last 24 hours"


def _unmet_size(left: float, limits: Limits, *, all_go: bool) -> str | None:
    if limits.bytes_max is None or left <= limits.bytes_max or not all_go:
        return None
    return (
        f"about {round(left)} bytes stay, expected at most {limits.bytes_max}:"
        " the other sessions were used in the last 24 hours"
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
