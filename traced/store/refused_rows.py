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
    if not refusals:
        return before
    rejected = [each for each in refusals if each.kind == "rejected"]
    discarded = [each for each in refusals if each.kind == "discarded"]
    room = max(0, REJECTED_ROWS_MAX - before.rejected)
    some, raw_bytes = _lightened(rejected[:room], before.raw_bytes)
    kept = write.rejected(connection, some, now)
    room = max(0, DISCARDED_ROWS_MAX - before.discarded)
    told = write.rejected(connection, discarded[:room], now)
    for each in discarded[room:]:
        told += _add(connection, each, now)
    return Kept(before.rejected + kept, before.discarded + told, raw_bytes)


def _lightened(refusals: Sequence[Rejected], raw_bytes: int) -> tuple[list[Rejected], int]:
    """Take away raw lines that there is no room for; return what all of them weigh then."""
    some: list[Rejected] = []
    for refusal in refusals:
        size = len(refusal.raw or b"")
        if raw_bytes + size > RAW_BYTES_MAX:
            some.append(msgspec.structs.replace(refusal, raw=None))
        else:
            some.append(refusal)
            raw_bytes += size
    return some, raw_bytes


def _add(connection: sqlite3.Connection, loss: Rejected, now: int) -> int:
    """Count a loss in the latest row of its reason; return how many rows had to be made."""
    asked = {"count": loss.count, "reason": loss.reason}
    if connection.execute(statement("add_to_discarded"), asked).rowcount:
        return 0
    return write.rejected(connection, [loss], now)
