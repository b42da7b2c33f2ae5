"""
The rows of what was not taken, and how many of them there are.

Law: the table is bounded in rows and in bytes. Rejected events beyond that are only counted; a loss
always has a row, if only the latest of its reason.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from traced.core.event import Rejected
from traced.store import write
from traced.store.statements import statement

REJECTED_ROWS_MAX: Final = 10_000
DISCARDED_ROWS_MAX: Final = 1_000
RAW_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of all rows together; beyond that a row says what was wrong, and not with what."""


class Kept(NamedTuple):
    """How many rows of each kind there are, and what their raw lines weigh."""

    rejected: int
    discarded: int
    raw_bytes: int


def keep(
    connection: sqlite3.Connection, refusals: Sequence[Rejected], now: int, before: Kept
) -> Kept:
    """Keep what there is room for, inside the caller's transaction; return what is kept then."""
    rejected, discarded, raw_bytes = before
    some: list[Rejected] = []
    more_losses: list[Rejected] = []
    for each in refusals:
        if each.kind == "rejected" and rejected < REJECTED_ROWS_MAX:
            rejected += 1
            size = len(each.raw or b"")
            has_room = raw_bytes + size <= RAW_BYTES_MAX
            raw_bytes += size if has_room else 0
            some.append(each if has_room else msgspec.structs.replace(each, raw=None))
        elif each.kind == "discarded" and discarded < DISCARDED_ROWS_MAX:
            discarded += 1
            some.append(each)
        elif each.kind == "discarded":
            more_losses.append(each)
    made = write.rejected(connection, some, now)
    made += sum(_add(connection, each, now) for each in more_losses)
    if made == len(some):
        return Kept(rejected, discarded, raw_bytes)
    # Some were met again after a crash, or the first of their reason came late: count again.
    _, _, _, *counted = connection.execute(statement("select_counters")).fetchone()
    return Kept(*counted)


def _add(connection: sqlite3.Connection, loss: Rejected, now: int) -> int:
    """Count a loss in the latest row of its reason; return how many rows had to be made."""
    asked = {"count": loss.count, "reason": loss.reason}
    if connection.execute(statement("add_to_discarded"), asked).rowcount:
        return 0
    return write.rejected(connection, [loss], now)
