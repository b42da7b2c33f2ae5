import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.index import BLOCK, bring_up_to_date, counted, drain
from support.rows import Recording

from traced.store.index.companion import companion_path
from traced.store.index.indexer import Indexer


def extents(path: Path) -> set[tuple[int, int]]:
    """Return the level and number of each extent of a companion."""
    with closing(sqlite3.connect(companion_path(path))) as connection:
        return set(connection.execute("SELECT level, number FROM extent"))


def bands(path: Path) -> list[int]:
    """Return the durations, in microseconds, that the blocks of a companion tell apart."""
    with closing(sqlite3.connect(companion_path(path))) as connection:
        query = "SELECT about_us FROM tally WHERE level = 0 ORDER BY number, about_us"
        return [about for (about,) in connection.execute(query)]


def test_full_blocks_are_counted(recording: Recording) -> None:
    """A block is counted when its last number was given; four make one of the next level."""
    pk = recording.session()
    for order in range(1, 6):
        recording.step(pk, order)
        recording.skip(BLOCK - 1)
    bring_up_to_date(recording.path)

    assert extents(recording.path) == {(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0)}


def test_nothing_is_counted_before_a_block_is_full(recording: Recording) -> None:
    """As long as numbers of a block can still be given, its steps are counted by who asks."""
    recording.step(recording.session(), 1)
    recording.skip(BLOCK - 3)
    bring_up_to_date(recording.path)

    assert extents(recording.path) == set()
    assert counted(recording.path)[0].count == 1


def test_a_change_takes_out_what_it_concerns(recording: Recording) -> None:
    """A changed step's block and the extents above it no longer hold; the others do."""
    pk = recording.session()
    steps = []
    for order in range(1, 6):
        steps.append(recording.step(pk, order))
        recording.skip(BLOCK - 1)
    with closing(Indexer(recording.path, lambda: 0.0)) as indexer:
        drain(indexer)
        recording.change(steps[0], status="error")
        indexer.work()

        assert extents(recording.path) == {(0, 1), (0, 2), (0, 3), (0, 4)}


def test_a_block_is_not_counted_anew_at_every_change(recording: Recording) -> None:
    """Steps end after their block was full: it waits half a minute for more of them."""
    pk = recording.session()
    step = recording.step(pk, 1, status="running")
    recording.skip(BLOCK)
    now = 0.0
    with closing(Indexer(recording.path, lambda: now)) as indexer:
        drain(indexer)
        recording.change(step, status="error")
        drain(indexer)
        assert extents(recording.path) == set()
        assert counted(recording.path)[0].errors == 1

        now = 31.0
        drain(indexer)
        assert extents(recording.path) == {(0, 0)}
        assert counted(recording.path)[0].errors == 1


def test_removed_steps_are_not_counted(recording: Recording) -> None:
    """Steps that are removed are out of the figures at once, and out of the tallies soon."""
    pks = [recording.session("s1"), recording.session("s2")]
    for order in range(1, 9):
        recording.step(pks[order % 2], order)
    recording.skip(BLOCK)
    bring_up_to_date(recording.path)
    recording.remove(pks[0])

    assert counted(recording.path)[0].count == 4
    bring_up_to_date(recording.path)
    assert extents(recording.path) == {(0, 0)}
    assert counted(recording.path)[0].count == 4


@pytest.mark.parametrize(
    ("duration_ms", "about_us"),
    [
        (0.0, 0),
        (0.0994, 99),
        (0.1, 105),
        (0.199, 195),
        (0.2, 210),
        (1.0, 1050),
        (4.9, 4900),
        (4.999, 4900),
        (5.0, 5250),
        (9.999, 9750),
        (10.0, 10_500),
        (123_456.0, 125_000_000),
        (1e300, 9_750_000_000_000),
        (None, -1),
    ],
)
def test_durations_are_told_in_bands(
    recording: Recording, duration_ms: float | None, about_us: int
) -> None:
    """A band is named by its middle, at most 5 % from what is in it; none is told as -1."""
    recording.step(recording.session(), 1, duration_ms=duration_ms)
    recording.skip(BLOCK)
    bring_up_to_date(recording.path)

    assert bands(recording.path) == [about_us]
