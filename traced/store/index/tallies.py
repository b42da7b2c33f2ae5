"""
Tallies: how many steps of each kind took about how long, of a block and of ever larger extents.

Law: an extent stands in its table exactly as long as its tallies are those of its steps. What
changes or removes a step takes out the extents that hold it; they are counted again, from the steps
alone.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import Final

from traced.store.index.companion import IndexConnection
from traced.store.index.numbers import BLOCK_BITS, VOLUME_BITS, Range, block
from traced.store.statements import json_list, statement

# Steps may end after their block was full, and then it is recounted, but no more often than this.
COUNTED_ANEW_SECONDS_MIN: Final = 30.0


def changed_blocks(connection: sqlite3.Connection, marked: int, removal_id: int) -> set[int]:
    """Return the blocks of steps changed after a revision, or removed after a removal."""
    changed = connection.execute(statement("index/select_changed_blocks"), {"marked": marked})
    blocks = {number for (number,) in changed}
    for ids in removals(connection, removal_id):
        blocks |= set(range(ids.first >> BLOCK_BITS, (ids.last >> BLOCK_BITS) + 1))
    return blocks


def removals(connection: sqlite3.Connection, removal_id: int) -> list[Range]:
    """Return between which ids the steps of each session lie that was removed since."""
    asked = {"removal_id": removal_id}
    return [Range(*row) for row in connection.execute(statement("index/select_removals"), asked)]


class Tallies:
    """Keeps the tallies of a companion, inside the caller's transactions."""

    def __init__(
        self, connection: IndexConnection, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._taken_out: dict[int, float] = {}

    def mark(self) -> None:
        """Take out the extents of what has changed or was removed, and note what words are void."""
        execute = self._connection.execute
        marked, removal_id, _, sequence = execute(statement("index/select_progress")).fetchone()
        blocks = sorted(changed_blocks(self._connection, marked, removal_id))
        if blocks:
            execute(statement("index/delete_extents"), {"blocks": json_list(blocks)})
            now = self._clock()
            self._taken_out.update((number, now) for number in blocks)
        removed = removals(self._connection, removal_id)
        for ids in removed:
            # A step's last revision is little higher than its id: one volume more holds nearly all.
            first, last = ids.first >> VOLUME_BITS, (ids.last >> VOLUME_BITS) + 1
            execute(statement("index/spoil_volumes"), {"first": first, "last": last})
        if removed or sequence != marked:
            execute(statement("index/update_progress"), {"marked": sequence})

    def count(self) -> bool:
        """Count the newest full block that is not counted; return whether there was one."""
        execute = self._connection.execute
        due = self._clock() - COUNTED_ANEW_SECONDS_MIN
        held = [number for number, at in self._taken_out.items() if at > due]
        self._taken_out = {number: self._taken_out[number] for number in held}
        row = execute(
            statement("index/select_block_to_count"), {"held": json_list(held)}
        ).fetchone()
        if row is None:
            return False
        (number,) = row
        execute(statement("index/delete_tallies"), {"level": 0, "number": number})
        first, last = block(number)
        asked = {"number": number, "first": first, "last": last}
        for name in ("put_kinds", "put_tallies", "put_extent"):
            execute(statement(f"index/{name}"), asked)
        return True

    def merge(self) -> bool:
        """Make one larger extent whose parts are all there; return whether there was one."""
        execute = self._connection.execute
        row = execute(statement("index/select_extent_to_merge")).fetchone()
        if row is None:
            return False
        asked = {"level": row[0], "number": row[1]}
        for name in ("delete_tallies", "merge_tallies", "merge_extent"):
            execute(statement(f"index/{name}"), asked)
        return True
