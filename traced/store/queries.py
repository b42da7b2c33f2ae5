"""
What the reading side asks of the database: one function a question.

Law: a function runs its statement, fetches everything and returns plain structs. Whoever asks
twice about one state does it in a `snapshot`.
"""

import sqlite3
from collections.abc import Mapping
from typing import Final, TypeVar

from traced.core.errors import SessionAmbiguous, SessionUnknown
from traced.store.reader import ReadConnection
from traced.store.rows import (
    Agent,
    Prompt,
    RejectedEvent,
    Session,
    SessionEntry,
    Step,
)
from traced.store.statements import statement

CANDIDATES_MAX: Final = 10
LAST_CHARACTER: Final = "\U0010ffff"

Row = TypeVar("Row", Prompt, Agent, Step)
Parameters = Mapping[str, str | int | None]


def sessions(
    connection: ReadConnection,
    limit: int,
    *,
    empty_too: bool = False,
    agent: str | None = None,
    owner_uid: int | None = None,
) -> list[SessionEntry]:
    """Return the sessions used last, latest first; those without prompt and step if `empty_too`."""
    asked = {"all": empty_too, "agent": agent, "owner_uid": owner_uid, "limit": limit}
    return _entries(connection.execute(statement("list_sessions"), asked))


def resolve_session(
    connection: ReadConnection, text: str, agent: str | None = None, owner_uid: int | None = None
) -> SessionEntry:
    """
    Return the session meant by `text`: an exact id, else a unique prefix, else the word `last`.

    Raises:
        SessionUnknown: If there is none.
        SessionAmbiguous: If there are several; `agent` tells two of one id apart, and in a
            database that several users share `owner_uid` does.
    """
    # What a command line holds beside UTF-8 comes as lone surrogates, which cannot be bound.
    text = text.encode("utf-8", "replace").decode()
    exact = _between(connection, text, text, agent, owner_uid)
    found = exact or _between(connection, text, text + LAST_CHARACTER, agent, owner_uid)
    if not found and text == "last":
        found = sessions(connection, 1, agent=agent, owner_uid=owner_uid)
    if not found:
        raise SessionUnknown(_unknown(text, agent, owner_uid))
    if len(found) > 1:
        raise SessionAmbiguous(_ambiguity(text, found))
    return found[0]


def prompts(connection: ReadConnection, session_pk: int) -> list[Prompt]:
    """Return the numbered prompts of a session, in their order."""
    rows = connection.execute(statement("list_prompts"), {"session_pk": session_pk})
    return _structs(Prompt, rows)


def agents(connection: ReadConnection, session_pk: int) -> list[Agent]:
    """Return the sub-agents of a session, first started first."""
    rows = connection.execute(statement("list_agents"), {"session_pk": session_pk})
    return _structs(Agent, rows)


def steps(
    connection: ReadConnection,
    session_pk: int,
    prompt_number: int | None = None,
    *,
    content: bool = False,
) -> list[Step]:
    """
    Return the steps of a session, or of one of its prompts, in the order in which they ran.

    Without `content`, `input` and `output` are null: they can be megabytes each.
    """
    asked = {"session_pk": session_pk, "prompt_number": prompt_number, "content": content}
    name = "list_steps" if prompt_number is None else "list_steps_of_prompt"
    return _structs(Step, connection.execute(statement(name), asked))


def recent(
    connection: ReadConnection,
    limit: int,
    session_pk: int | None = None,
    *,
    agent: str | None = None,
    owner_uid: int | None = None,
    content: bool = False,
) -> list[Step]:
    """Return the steps recorded last, of all sessions or of those wanted, as they were recorded."""
    asked: Parameters = {
        "session_pk": session_pk,
        "agent": agent,
        "owner_uid": owner_uid,
        "limit": limit,
        "content": content,
    }
    return _structs(Step, connection.execute(statement("recent_steps"), asked))


def changed(
    connection: ReadConnection,
    since_revision: int,
    limit: int,
    session_pk: int | None = None,
    *,
    agent: str | None = None,
    owner_uid: int | None = None,
    content: bool = False,
) -> list[Step]:
    """
    Return the steps made or changed after a revision, in the order of their revisions.

    Fewer than `limit` of them are all there are: go on from `newest_revision` of the same snapshot,
    else from the last one's revision.
    """
    asked: Parameters = {
        "since": since_revision,
        "session_pk": session_pk,
        "agent": agent,
        "owner_uid": owner_uid,
        "limit": limit,
        "content": content,
    }
    return _structs(Step, connection.execute(statement("changed_steps"), asked))


def newest_revision(connection: ReadConnection) -> int:
    """Return the revision given last, 0 before the first."""
    (revision,) = connection.execute(statement("newest_revision")).fetchone()
    return int(revision)


def rejected(connection: ReadConnection, limit: int) -> list[RejectedEvent]:
    """Return the events that could not be taken, latest first."""
    cursor = connection.execute(statement("list_rejected"), {"limit": limit})
    columns = [column[0] for column in cursor.description]
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return [RejectedEvent(**{**row, "raw": _readable(row["raw"])}) for row in rows]


def _between(
    connection: ReadConnection, first: str, last: str, agent: str | None, owner_uid: int | None
) -> list[SessionEntry]:
    asked: Parameters = {
        "first": first,
        "last": last,
        "agent": agent,
        "owner_uid": owner_uid,
        "limit": CANDIDATES_MAX + 1,
    }
    return _entries(connection.execute(statement("find_sessions"), asked))


def _entries(cursor: sqlite3.Cursor) -> list[SessionEntry]:
    return [
        SessionEntry(row[0], row[1], Session(*row[2:16]), row[16], row[17])
        for row in cursor.fetchall()
    ]


def _structs(kind: type[Row], cursor: sqlite3.Cursor) -> list[Row]:
    return [kind(*row) for row in cursor.fetchall()]


def _readable(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("utf-8", "backslashreplace")


def _unknown(text: str, agent: str | None, owner_uid: int | None) -> str:
    whose = "" if agent is None else f" of agent {agent}"
    whose += "" if owner_uid is None else f" of user {owner_uid}"
    if text == "last":
        return f"there is no session{whose} with a prompt or a step yet"
    return (
        f"no session{whose} has an id that is or begins with {text!r}:"
        " `traced sessions --all` lists what there is"
    )


def _ambiguity(text: str, found: list[SessionEntry]) -> str:
    named = ", ".join(_name(each) for each in found[:CANDIDATES_MAX])
    more = " and more" if len(found) > CANDIDATES_MAX else ""
    ids = {each.session.session_id for each in found}
    if len(ids) > 1:
        remedy = "give more of the id"
    elif len({each.session.agent for each in found}) > 1:
        remedy = "add --agent"
    else:
        remedy = "add --uid"
    return f"{text!r} can mean several sessions ({named}{more}): {remedy}"


def _name(entry: SessionEntry) -> str:
    owner = f" of uid {entry.owner_uid}" if entry.owner_uid >= 0 else ""
    return f"{entry.session.agent} {entry.session.session_id}{owner}"
