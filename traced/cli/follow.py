"""
What `tail -f` waits for: steps that are made or changed, in the order of their revisions.

Law: no step's change is missed, and nothing is asked of the steps while nobody commits.
"""

from collections import OrderedDict
from pathlib import Path
from typing import Final

from traced.core.errors import StoreError
from traced.store import queries
from traced.store.reader import ReadConnection, data_version, snapshot
from traced.store.rows import Step

BATCH_STEPS_MAX: Final = 500
# Of steps already shown: more than ever run at once, and some 100 bytes each.
SHOWN_STEPS_MAX: Final = 10_000


class Commits:
    """Tells whether anything was committed to the database since it was last asked."""

    def __init__(self, connection: ReadConnection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._file = _identity(path)
        self._version = -1

    def came(self) -> bool:
        """
        Return whether there may be something new to read; the first time there is.

        Raises:
            StoreError: If the file is no longer the one that was opened.
        """
        if _identity(self._path) != self._file:
            raise StoreError(
                f"{self._path} was replaced or removed, expected the file that was opened:"
                " start again to follow the new one"
            )
        before, self._version = self._version, data_version(self._connection)
        return before != self._version


class Follower:
    """
    Follows the steps of all sessions or (`session_pk`) of one, from the latest on.

    With `agent` or `owner_uid` only those of this agent's or this user's sessions.
    """

    def __init__(
        self,
        connection: ReadConnection,
        path: Path,
        session_pk: int | None,
        *,
        agent: str | None = None,
        owner_uid: int | None = None,
        content: bool,
    ) -> None:
        self._connection = connection
        self._commits = Commits(connection, path)
        self._session_pk = session_pk
        self._agent = agent
        self._owner_uid = owner_uid
        self._content = content
        self._has_more = False
        self._revision = 0

    def latest(self, number: int) -> list[Step]:
        """Return the steps recorded last, in the order of recording; `news` goes on from there."""
        with snapshot(self._connection):
            self._revision = queries.newest_revision(self._connection)
            return queries.recent(
                self._connection,
                number,
                self._session_pk,
                agent=self._agent,
                owner_uid=self._owner_uid,
                content=self._content,
            )

    def news(self) -> list[Step]:
        """
        Return what was made or changed since the last call; nothing means that there is no more.

        Raises:
            StoreError: If the file is no longer the one that was opened.
        """
        # Asked before the steps: what is committed in between is then looked for twice, not never.
        if not self._commits.came() and not self._has_more:
            return []
        with snapshot(self._connection):
            steps = queries.changed(
                self._connection,
                self._revision,
                BATCH_STEPS_MAX,
                self._session_pk,
                agent=self._agent,
                owner_uid=self._owner_uid,
                content=self._content,
            )
            newest = queries.newest_revision(self._connection)
        self._has_more = len(steps) == BATCH_STEPS_MAX
        self._revision = steps[-1].revision if self._has_more else newest
        return steps


class Shown:
    """Remembers as what a step was shown, for a row also changes without starting or ending."""

    def __init__(self, steps_max: int = SHOWN_STEPS_MAX) -> None:
        self._steps_max = steps_max
        self._statuses: OrderedDict[int, str] = OrderedDict()

    def is_news(self, step: Step) -> bool:
        """Return whether this status of the step was not shown yet, and take it as shown."""
        if self._statuses.get(step.id) == step.status:
            return False
        self._statuses[step.id] = step.status
        self._statuses.move_to_end(step.id)
        if len(self._statuses) > self._steps_max:
            self._statuses.popitem(last=False)
        return True


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
