"""
What readers ask of a large database, each question with the time that it may take.

Law: a question fetches its answer whole, and is another one each time: another session, prompt or
word. What runs longer than `SECONDS_MAX` is stopped there.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from traced.core.errors import StoreError
from traced.store import pages, queries
from traced.store.index.search import Query, search
from traced.store.index.stats import stats
from traced.store.reader import ReadConnection

SECONDS_MAX = 2.0
PAGE_STEPS = 200
RECENT_STEPS = 100
HOUR_MS = 60 * 60 * 1000
FILES = 4099  # named in the inputs of `benchmarks.filled`, one word each
STEPS_BETWEEN_LOOKS = 10_000

LARGER_SESSIONS = f"""
SELECT pk, agent, session_id, steps FROM session
WHERE steps >= {PAGE_STEPS} ORDER BY last_event_at DESC LIMIT 2000
"""


class Place(NamedTuple):
    """A session that is asked about."""

    pk: int
    agent: str
    session_id: str
    prompts: int


class Question(NamedTuple):
    """One kind of question; `ask` gets a place and a number that is new each time."""

    name: str
    ms_max: float
    ask: Callable[[ReadConnection, Place, int], Sequence[object]]


def places(path: Path) -> Iterator[Place]:
    """Yield sessions with more than a page of steps, at random and without end."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found = connection.execute(LARGER_SESSIONS).fetchall()
        counted = "SELECT count(*) FROM prompt WHERE session_pk = ?"
        some = random.Random(1).sample(found, min(len(found), 200))
        known = [
            Place(pk, agent, session_id, connection.execute(counted, (pk,)).fetchone()[0])
            for pk, agent, session_id, _steps in some
        ]
    if not known:
        raise SystemExit(f"{path} has no session of {PAGE_STEPS} steps, expected a larger database")
    while True:
        yield from known


def answered(
    connection: ReadConnection, question: Question, place: Place, number: int
) -> tuple[float, int]:
    """Ask; return the milliseconds until the answer was there, and how many rows it has."""
    began = time.perf_counter()
    connection.set_progress_handler(
        lambda: time.perf_counter() - began > SECONDS_MAX, STEPS_BETWEEN_LOOKS
    )
    try:
        rows = len(question.ask(connection, place, number))
    except (sqlite3.OperationalError, StoreError) as error:
        if "interrupted" not in str(error):
            raise
        rows = 0
    return (time.perf_counter() - began) * 1000, rows


def _page(connection: ReadConnection, place: Place, _number: int) -> Sequence[object]:
    entry = pages.exact_session(connection, place.session_id, place.agent, None)
    return pages.of_session(connection, entry.pk, PAGE_STEPS).steps


def _prompt(connection: ReadConnection, place: Place, number: int) -> Sequence[object]:
    return queries.steps(connection, place.pk, 1 + number % max(place.prompts, 1))


def _recent(connection: ReadConnection, _place: Place, _number: int) -> Sequence[object]:
    return pages.recent(connection, RECENT_STEPS).steps


def _search(connection: ReadConnection, _place: Place, number: int) -> Sequence[object]:
    return search(connection, Query(f"part{(number + 1) * 7919 % FILES}", 50)).results


def _stats_of_an_hour(connection: ReadConnection, _place: Place, _number: int) -> Sequence[object]:
    return stats(connection, since_ms=time.time_ns() // 1_000_000 - HOUR_MS)


def _stats(connection: ReadConnection, _place: Place, _number: int) -> Sequence[object]:
    return stats(connection)


QUESTIONS = (
    Question("first page of a session, 200 steps", 5, _page),
    Question("one prompt", 5, _prompt),
    Question("recent 100", 5, _recent),
    Question("search", 50, _search),
    Question("stats of the last hour", 100, _stats_of_an_hour),
    Question("stats of everything", 200, _stats),
)
