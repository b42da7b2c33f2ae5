"""
`/api/sessions`: which sessions there are, and one of them with its prompts and sub-agents.

Law: sessions without a prompt and a step are listed with `all=true` alone.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.store import pages, queries
from traced.store.pages import SessionKey, SessionPage
from traced.store.reader import ReadConnection
from traced.web.asked import Asked, path_value
from traced.web.cursor import read_cursor, write_cursor
from traced.web.documents import SessionDocument, Sessions, document_response, session_row
from traced.web.reading import Reading, session_named
from traced.web.traces import CURSOR_CHARS_MAX

KIND: Final = "sessions"


def routes(reading: Reading) -> list[Route]:
    """Return the routes of sessions."""

    async def listed(request: Request) -> Response:
        asked = Asked(request, ("limit", "before", "agent", "all"))
        limit, agent, empty_too = asked.limit(), asked.agent(), asked.flag("all")
        word = asked.text("before", CURSOR_CHARS_MAX)
        key = pages.NEWEST if word is None else SessionKey(*read_cursor(word, KIND, 2))

        def question(connection: ReadConnection) -> SessionPage:
            return pages.sessions(connection, limit, key, agent=agent, empty_too=empty_too)

        page = await reading.ask(question)
        rows = [session_row(entry) for entry in page.entries]
        following = None if page.key is None else write_cursor(KIND, *page.key)
        return document_response(Sessions(rows, len(rows), following))

    async def one(request: Request) -> Response:
        asked = Asked(request, ("agent", "uid"))
        session_id, agent, uid = path_value(request, "session_id"), asked.agent(), asked.uid()

        def question(connection: ReadConnection) -> SessionDocument:
            entry = session_named(connection, session_id, agent, uid)
            return SessionDocument(
                session_row(entry),
                queries.prompts(connection, entry.pk),
                queries.agents(connection, entry.pk),
            )

        return document_response(await reading.ask(question))

    return [
        Route("/api/sessions", listed),
        Route("/api/sessions/{session_id:segment}", one),
    ]
