"""
The way to the database: one question at a time, in a thread, within a time.

Law: every question has a connection of its own, which is closed before anything is sent to the
client: however slowly that reads, it holds nothing of the database.
"""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from traced.core.errors import SessionAmbiguous, SessionUnknown, StoreError
from traced.store import pages
from traced.store.bounded import bounded_reader
from traced.store.reader import ReadConnection, open_reader
from traced.store.rows import SessionEntry
from traced.web.problem import WrongField, not_ready

T = TypeVar("T")

READ_SECONDS_MAX: Final = 2.0
# SQLite reads run beside each other; more threads than these only fight over the interpreter.
READERS_MAX: Final = 4


class Reading:
    """Asks the database at `path`."""

    def __init__(self, path: Path, seconds_max: float = READ_SECONDS_MAX) -> None:
        self.path = path
        self._seconds_max = seconds_max
        self._readers = anyio.CapacityLimiter(READERS_MAX)

    async def ask(
        self,
        question: Callable[[ReadConnection], T],
        open_database: Callable[[Path], ReadConnection] = open_reader,
    ) -> T:
        """
        Return what a function of the store returns for a connection, which `open_database` opens.

        Raises:
            Problem: 503 if the database cannot be read just now, or not within the time.
        """

        def in_thread() -> T:
            with bounded_reader(self.path, self._seconds_max, open_database) as connection:
                return question(connection)

        try:
            return await anyio.to_thread.run_sync(in_thread, limiter=self._readers)
        except StoreError as error:
            raise not_ready(str(error)) from error


def session_named(
    connection: ReadConnection, session_id: str, agent: str | None, uid: int | None
) -> SessionEntry:
    """
    Return the session with exactly this id.

    Raises:
        WrongField: 404 if there is none, 409 if there are several.
    """
    try:
        return pages.exact_session(connection, session_id, agent, uid)
    except SessionUnknown:
        whose = "" if agent is None else " of this agent"
        expected = f"the id of a recorded session{whose}"
        raise WrongField("session_id", session_id, expected, HTTPStatus.NOT_FOUND) from None
    except SessionAmbiguous as error:
        expected = f"?agent= or ?uid= beside it: {error}"
        raise WrongField("session_id", session_id, expected, HTTPStatus.CONFLICT) from None
