"""
The documents that the API answers with.

Law: these types are the only description of them; what is sent is encoded from them, and the
OpenAPI document is generated from them.
"""

from typing import Literal

import msgspec
from starlette.responses import Response

from traced.store.rows import Agent, Prompt, Session, SessionEntry, Step, StepStats


class SessionRow(Session, frozen=True):
    """
    A row of the view `sessions`, with what is counted for it.

    `owner_uid` is null unless several users share the database.
    """

    prompts: int
    running: int
    owner_uid: int | None


class Traces(msgspec.Struct, frozen=True):
    """A page of steps; `count` of them are on it, and `next` is the page after it, if any."""

    traces: list[Step]
    count: int
    next: str | None


class Sessions(msgspec.Struct, frozen=True):
    """A page of sessions, the one used last first."""

    sessions: list[SessionRow]
    count: int
    next: str | None


class SessionDocument(msgspec.Struct, frozen=True):
    """A session with its numbered prompts and its sub-agents."""

    session: SessionRow
    prompts: list[Prompt]
    agents: list[Agent]


class Stats(msgspec.Struct, frozen=True):
    """Figures for every kind of step, the longest total first."""

    stats: list[StepStats]
    count: int


class FoundSteps(msgspec.Struct, frozen=True):
    """
    A page of the steps found, the one that changed last first; without their content.

    Not `complete`: the newest steps are not all indexed yet. A page may hold fewer than were asked
    for, or none, and still have one after it: the search ends within its time.
    """

    results: list[Step]
    count: int
    next: str | None
    complete: bool


class Health(msgspec.Struct, frozen=True):
    """How the daemon is, by its own word just now."""

    status: Literal["ok"]
    version: str
    pid: int


def session_row(entry: SessionEntry) -> SessionRow:
    """Return a session as it is shown."""
    return SessionRow(
        **msgspec.structs.asdict(entry.session),
        prompts=entry.prompts,
        running=entry.running,
        owner_uid=None if entry.owner_uid < 0 else entry.owner_uid,
    )


def document_response(document: msgspec.Struct) -> Response:
    """Return the answer that holds a document."""
    return Response(msgspec.json.encode(document), media_type="application/json")
