"""A companion that is brought up to date by hand, and what a reader finds with it."""

from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

from traced.store.index.companion import open_with_companion
from traced.store.index.indexer import Indexer
from traced.store.index.search import Found, Query, search
from traced.store.index.stats import stats
from traced.store.rows import StepStats

# How many numbers of the sequence a block takes, and a volume.
BLOCK = 16_384
VOLUME = 65_536


def impatient() -> Callable[[], float]:
    """Return a clock that is a hundred seconds later each time, so that nothing is put off."""
    return count(0.0, 100.0).__next__


def bring_up_to_date(path: Path) -> None:
    """Make or complete the companion of a database."""
    with closing(Indexer(path, impatient())) as indexer:
        # A second time, for what is put off until it has been quiet for long.
        while drain(indexer) + drain(indexer):
            pass


def drain(indexer: Indexer) -> int:
    """Let an indexer do all there is to do; return in how many slices."""
    slices = 0
    while indexer.work() is not None:
        slices += 1
    return slices


def found(path: Path, text: str, limit: int = 100, **wanted: object) -> Found:
    """Search once, on a connection of its own."""
    with closing(open_with_companion(path)) as connection:
        return search(connection, Query(text, limit, **wanted), seconds_max=60)  # type: ignore[arg-type]


def orders(path: Path, text: str, limit: int = 100, **wanted: object) -> list[int]:
    """Return the orders of the steps that are found, in the order in which they are."""
    return [step.step_order for step in found(path, text, limit, **wanted).results]


def counted(path: Path, since_ms: int | None = None, agent: str | None = None) -> list[StepStats]:
    """Ask for figures once, on a connection of its own."""
    with closing(open_with_companion(path)) as connection:
        return stats(connection, since_ms, agent)
