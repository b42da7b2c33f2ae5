"""
`/`: which sessions there are, the one used last first.

Law: a page of them has a bound; the next begins where this one ended.
"""

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.store import pages
from traced.store.pages import SessionKey
from traced.store.rows import SessionEntry
from traced.store.viewing import SessionList, session_list
from traced.web.asked import Asked
from traced.web.cursor import read_cursor, write_cursor
from traced.web.pages.drawing import now_ms
from traced.web.pages.links import Links
from traced.web.pages.wanted import TEXT_CHARS_MAX, with_query
from traced.web.problem import WrongField
from traced.web.reading import Reading
from traced.web.rendering import Renderer
from traced.web.sessions import KIND
from traced.web.traces import CURSOR_CHARS_MAX

LIMIT: Final = 50


def routes(reading: Reading, renderer: Renderer) -> list[Route]:
    """Return the route of the session list."""

    async def listing(request: Request) -> Response:
        asked = Asked(request, ("q", "agent", "all", "before", "part"))
        if asked.value("part") not in {None, "list"}:
            raise WrongField("part", asked.value("part") or "", "list")
        text = asked.text("q", TEXT_CHARS_MAX) if asked.value("q") else None
        agent = asked.agent() if asked.value("agent") else None
        word = asked.text("before", CURSOR_CHARS_MAX)
        key = pages.NEWEST if word is None else SessionKey(*read_cursor(word, KIND, 2))
        question = partial(
            session_list,
            limit=LIMIT,
            before=key,
            agent=agent,
            text=text,
            empty_too=asked.flag("all"),
        )
        found = await reading.ask(question)
        query = {
            name: value
            for name in ("q", "agent", "all")
            if (value := asked.value(name)) is not None and value
        }
        return renderer.page(
            "sessions.html" if asked.value("part") is None else "part_sessions.html",
            rows=[(each, Links(each.entry), state(each.entry)) for each in found.sessions],
            query=query,
            following=_following(found, query),
            is_first=word is None,
            without_agent=with_query("/", {k: v for k, v in query.items() if k != "agent"}),
            search=with_query("/search", {k: v for k, v in query.items() if k == "q"}),
            revision=found.revision,
            now=now_ms(),
        )

    return [Route("/", listing)]


def state(entry: SessionEntry) -> str:
    """Return whether a session has `ended`, has steps `running`, or is just `open`."""
    if entry.running:
        return "running"
    return "open" if entry.session.ended_at is None else "ended"


def _following(found: SessionList, query: dict[str, str]) -> str | None:
    if found.key is None:
        return None
    return with_query("/", query | {"before": write_cursor(KIND, *found.key)})
