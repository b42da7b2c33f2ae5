"""
Where the pages of a session are.

Law: a link names the agent too, and the user where several share a database; it leads to this
session whatever is recorded later.
"""

from urllib.parse import quote

from traced.store.rows import SessionEntry
from traced.store.viewing import Filter
from traced.web.pages.wanted import filter_query, with_query


class Links:
    """The links of a session's pages, which keep the filter."""

    def __init__(self, entry: SessionEntry, wanted: Filter | None = None) -> None:
        session = entry.session
        self._path = f"/sessions/{quote(session.session_id, safe='')}"
        self._id = session.session_id
        self.identity = {"agent": session.agent}
        if entry.owner_uid >= 0:
            self.identity["uid"] = str(entry.owner_uid)
        self._query = self.identity | filter_query(wanted or Filter())

    @property
    def path(self) -> str:
        """Where a form sends a filter to."""
        return self._path

    @property
    def session(self) -> str:
        """The session, filtered."""
        return with_query(self._path, self._query)

    @property
    def unfiltered(self) -> str:
        """The session with all its steps."""
        return with_query(self._path, self.identity)

    def narrowed(self, **query: str) -> str:
        """Return the session with this filter alone."""
        return with_query(self._path, self.identity | query)

    def prompt(self, number: int, rows: int | None = None) -> str:
        """Return the page of one prompt, with that many of its last steps."""
        more = {} if rows is None else {"rows": str(rows)}
        return with_query(f"{self._path}/prompts/{number}", self._query | more)

    def step(self, order: int) -> str:
        """Return the page of one step."""
        return with_query(f"{self._path}/steps/{order}", self.identity)

    def events(self, revision: int) -> str:
        """Return the stream of what comes after a revision."""
        query = {"after": str(revision), "session_id": self._id}
        return with_query("/api/events", query | self.identity)
