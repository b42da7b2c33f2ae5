"""
What an agent asks of its own record: the steps that fit, the latest, the slowest, one session's.

Law: without an index for it a filter goes through steps, so each question says how many it looked
at and where to go on; and none reads what a step's content holds.
"""

from typing import Final, NamedTuple

from traced.store.pages import INT64_MAX, StepPage
from traced.store.queries import Parameters
from traced.store.reader import ReadConnection, snapshot
from traced.store.rows import Step
from traced.store.statements import statement

# Some 2 µs each where they are in memory, ten times that on a disk that has to be asked.
LOOKED_AT_MAX: Final = 50_000


class Wanted(NamedTuple):
    """Which steps are wanted: those of which all that is given here is true."""

    agent: str | None = None
    trace_type: str | None = None
    name: str | None = None
    status: str | None = None


class Looked(NamedTuple):
    """
    What was found among the `looked_at` steps recorded last.

    `key` is the id before which to go on, None if nothing older is left.
    """

    steps: list[Step]
    looked_at: int
    key: int | None


class _Window(NamedTuple):
    first: int
    last: int
    looked_at: int
    is_all: bool


def latest(
    connection: ReadConnection,
    wanted: Wanted,
    limit: int,
    before: int = INT64_MAX,
    looked_at_max: int = LOOKED_AT_MAX,
) -> Looked:
    """Return the steps recorded last that fit, latest first; or last before the key of `Looked`."""
    with snapshot(connection):
        window = _window(connection, before, looked_at_max)
        asked = {
            **wanted._asdict(),
            "first": window.first,
            "last": window.last,
            "limit": limit + 1,
        }
        steps = _steps(connection, "recent_fitting", asked)
    if len(steps) > limit:
        return Looked(steps[:limit], window.looked_at, steps[limit - 1].id)
    return Looked(steps, window.looked_at, None if window.is_all else window.first)


def slowest(
    connection: ReadConnection,
    wanted: Wanted,
    since_ms: int,
    limit: int,
    looked_at_max: int = LOOKED_AT_MAX,
) -> Looked:
    """Return the slowest of the steps recorded last that ran at a time (Unix ms) or later."""
    with snapshot(connection):
        window = _window(connection, INT64_MAX, looked_at_max)
        asked = {
            **wanted._asdict(),
            "first": window.first,
            "last": window.last,
            "since": since_ms,
            "limit": limit,
        }
        steps = _steps(connection, "slowest_between", asked)
    return Looked(steps, window.looked_at, None if window.is_all else window.first)


def slowest_of_session(
    connection: ReadConnection, session_pk: int, wanted: Wanted, limit: int
) -> list[Step]:
    """Return the slowest steps of a session that fit, the slowest first."""
    asked = {**wanted._asdict(), "session_pk": session_pk, "limit": limit}
    return _steps(connection, "slowest_of_session", asked)


def of_session(
    connection: ReadConnection,
    session_pk: int,
    wanted: Wanted,
    limit: int,
    prompt_number: int | None = None,
    after: int = -1,
) -> StepPage:
    """Return the steps of a session, or of one of its prompts, that fit, by their step order."""
    asked = {
        **wanted._asdict(),
        "session_pk": session_pk,
        "prompt_number": prompt_number,
        "after": after,
        "limit": limit + 1,
    }
    steps = _steps(connection, "page_fitting", asked)
    key = steps[limit - 1].step_order if len(steps) > limit else None
    return StepPage(steps[:limit], key)


def _window(connection: ReadConnection, before: int, looked_at_max: int) -> _Window:
    asked = {"last": before - 1, "scanned": looked_at_max}
    first, looked_at, first_of_all = connection.execute(statement("page_window"), asked).fetchone()
    if first is None:
        return _Window(0, -1, 0, is_all=True)
    return _Window(first, before - 1, looked_at, is_all=first == first_of_all)


def _steps(connection: ReadConnection, name: str, asked: Parameters) -> list[Step]:
    return [Step(*row) for row in connection.execute(statement(name), asked).fetchall()]
