import sqlite3
import time
from itertools import count
from pathlib import Path

import pytest
from support.store_room import store_room

from traced.ingest.slices import ALONE, ROWS_AT_FIRST, ROWS_MAX, ROWS_MIN, Shares, Slices
from traced.store.removal import Slice

SLOW = """
WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT :rounds)
SELECT max(i) FROM n
"""


def quick(_connection: sqlite3.Connection) -> Slice:
    """Concern one row at no cost."""
    return Slice(1)


def slow(connection: sqlite3.Connection) -> Slice:
    """Concern one row for much longer than a slice should take."""
    connection.execute(SLOW, {"rounds": 600_000}).fetchone()
    return Slice(1)


async def test_slices_grow_while_they_are_quick_and_shrink_when_not(tmp_path: Path) -> None:
    """At most twice as large and half as large as the one before, and within bounds."""
    async with store_room(tmp_path) as room:
        slices = Slices(room.store, lambda: 0, ALONE)
        await slices.do(quick)
        assert slices.rows == 2 * ROWS_AT_FIRST
        for _ in range(9):
            await slices.do(quick)
        assert slices.rows == ROWS_MAX
        await slices.do(slow)
        assert slices.rows == ROWS_MAX / 2
        for _ in range(3):
            await slices.do(slow)
        assert slices.rows == ROWS_MIN


async def test_what_concerns_no_row_says_nothing_about_size(tmp_path: Path) -> None:
    """Hiding takes as long as it takes."""
    async with store_room(tmp_path) as room:
        slices = Slices(room.store, lambda: 0, ALONE)
        await slices.do(lambda _connection: Slice())

        assert slices.rows == ROWS_AT_FIRST


@pytest.mark.parametrize(("came", "least"), [(0, 1), (1, 9)])
async def test_the_thread_is_left_to_the_events(tmp_path: Path, came: int, least: int) -> None:
    """While events come for nine times as long as the slice took, else for as long."""
    took: list[float] = []
    received = count(step=came)

    def timed(connection: sqlite3.Connection) -> Slice:
        began = time.perf_counter()
        connection.execute(SLOW, {"rounds": 50_000}).fetchone()
        took.append(time.perf_counter() - began)
        return Slice(1)

    async with store_room(tmp_path) as room:
        slices = Slices(room.store, lambda: next(received), Shares(busy=0.1, idle=0.5))
        began = time.perf_counter()
        await slices.do(timed)

        assert time.perf_counter() - began >= (1 + least) * took[0]


async def test_pieces_follow_the_size_of_slices(tmp_path: Path) -> None:
    """Nothing is left out and nothing comes twice when it changes in between."""
    async with store_room(tmp_path) as room:
        slices = Slices(room.store, lambda: 0, ALONE)
        pieces = []
        for piece in slices.cut(range(1000)):
            pieces.append(piece)
            await slices.do(quick)

    assert [len(piece) for piece in pieces] == [250, 500, 250]
    assert [value for piece in pieces for value in piece] == list(range(1000))
