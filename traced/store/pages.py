"""
What the web asks of the database: a page at a time, each within bounds of rows and bytes.

Law: a page begins where the one before ended, by a key of the last row and never by a number of
rows to skip; so every page costs the same, and rows that come meanwhile shift nothing.
"""

from typing import Final, NamedTuple

from traced.core.errors import SessionAmbiguous, SessionUnknown
from traced.store import queries
from traced.store.reader import ReadConnection
from traced.store.rows import Session, SessionEntry, Step
from traced.store.statements import statement

INT64_MAX: Final = 2**63 - 1
# Captured content can be megabytes a step: as much of it as one answer may hold in memory.
CONTENT_BYTES_MAX: Final = 8 << 20


class StepPage(NamedTuple):
    """Some steps in the order of recording; `key` of the last one read, None on the last page."""

    steps: list[Step]
    key: int | None


class SessionKey(NamedTuple):
    """Where a page of sessions ended: when its last one was used (Unix ms), and which it was."""

    used_at_ms: int
    pk: int


NEWEST: Final = SessionKey(INT64_MAX, INT64_MAX)


class SessionPage(NamedTuple):
    """Some sessions, the one used last first."""

    entries: list[SessionEntry]
    key: SessionKey | None


class Changes(NamedTuple):
    """Steps in the order of their revisions, and the revision up to which these are all."""

    steps: list[Step]
    revision: int


def exact_session(
    connection: ReadConnection, session_id: str, agent: str | None, owner_uid: int | None
) -> SessionEntry:
    """
    Return the session with this id.

    Raises:
        SessionUnknown: If there is none.
        SessionAmbiguous: If several agents, or users of one database, have one.
    """
    asked = {
        "session_id": session_id,
        "agent": agent,
        "owner_uid": owner_uid,
        "limit": queries.CANDIDATES_MAX,
    }
    rows = connection.execute(statement("sessions_by_id"), asked).fetchall()
    found = [SessionEntry(row[0], row[1], Session(*row[2:16]), row[16], row[17]) for row in rows]
    if not found:
        raise SessionUnknown("no session has this id")
    if len(found) > 1:
        agents = sorted({each.session.agent for each in found})
        if len(agents) > 1:
            raise SessionAmbiguous(f"agents {', '.join(agents)} each have a session of this id")
        uids = ", ".join(str(each.owner_uid) for each in found)
        raise SessionAmbiguous(f"users {uids} each have a session of this id")
    return found[0]


def recent(connection: ReadConnection, limit: int, before: int = INT64_MAX) -> StepPage:
    """Return the steps recorded last, or last before the key of the page before."""
    asked = {"before": before, "limit": limit + 1}
    steps, more = within_bounds(connection, "page_recent", asked, limit)
    key = steps[-1].id if more else None
    return StepPage(steps[::-1], key)


def of_session(
    connection: ReadConnection,
    session_pk: int,
    limit: int,
    prompt_number: int | None = None,
    after: int = -1,
) -> StepPage:
    """Return steps of a session, or of one of its prompts, by their step order."""
    asked = {
        "session_pk": session_pk,
        "prompt_number": prompt_number,
        "after": after,
        "limit": limit + 1,
    }
    name = "page_steps" if prompt_number is None else "page_steps_of_prompt"
    steps, more = within_bounds(connection, name, asked, limit)
    return StepPage(steps, steps[-1].step_order if more else None)


def sessions(
    connection: ReadConnection,
    limit: int,
    before: SessionKey = NEWEST,
    *,
    agent: str | None = None,
    empty_too: bool = False,
) -> SessionPage:
    """Return the sessions used last, or last before the key of the page before."""
    asked = {
        "before_at": before.used_at_ms,
        "before_pk": before.pk,
        "agent": agent,
        "all": empty_too,
        "limit": limit + 1,
    }
    rows = connection.execute(statement("page_sessions"), asked).fetchall()
    shown = rows[:limit]
    entries = [SessionEntry(row[0], row[1], Session(*row[2:16]), row[16], row[17]) for row in shown]
    key = SessionKey(shown[-1][18], shown[-1][0]) if len(rows) > limit else None
    return SessionPage(entries, key)


def changes(
    connection: ReadConnection,
    since_revision: int,
    revisions_max: int,
    session_pk: int | None = None,
) -> Changes:
    """
    Return the steps made or changed within so many revisions after one; without their content.

    A step that was changed again later comes at that later revision, so whoever goes on until
    `revision` is the newest has seen the last state of all.
    """
    newest = queries.newest_revision(connection)
    until = min(newest, since_revision + revisions_max)
    if until <= since_revision:
        return Changes([], until)
    asked = {"since": since_revision, "until": until, "session_pk": session_pk}
    rows = connection.execute(statement("changed_between"), asked).fetchall()
    return Changes(sorted((Step(*row) for row in rows), key=lambda step: step.revision), until)


def within_bounds(
    connection: ReadConnection, name: str, asked: queries.Parameters, limit: int
) -> tuple[list[Step], bool]:
    """
    Return the first steps that a statement finds, and whether there are more.

    At least one, as long as there is one, then as many as hold CONTENT_BYTES_MAX characters of
    content, and no more than `limit`; the statement has to find one beyond that.
    """
    steps: list[Step] = []
    content_bytes = 0
    for row in connection.execute(statement(name), asked):
        step = Step(*row)
        content_bytes += len(step.input or "") + len(step.output or "")
        if len(steps) == limit or (steps and content_bytes > CONTENT_BYTES_MAX):
            return steps, True
        steps.append(step)
    return steps, False
