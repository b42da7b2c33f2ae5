"""
`/search`: the steps of all sessions that hold some words, the ones that changed last first.

Law: it finds what `/api/search` finds; a text without a word is no error here, but a page that says
what to type.
"""

from functools import partial
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.core.errors import NothingToFind
from traced.store.index.companion import open_with_companion
from traced.store.index.search import Found, Query, search
from traced.store.rows import Step
from traced.web.asked import Asked
from traced.web.cursor import read_cursor, write_cursor
from traced.web.figures import KIND
from traced.web.pages.drawing import now_ms
from traced.web.pages.wanted import TEXT_CHARS_MAX, with_query
from traced.web.reading import Reading
from traced.web.rendering import Renderer
from traced.web.traces import CURSOR_CHARS_MAX

LIMIT: Final = 50
NOTHING: Final = Found([], None, complete=True)


def routes(reading: Reading, renderer: Renderer) -> list[Route]:
    """Return the route of the search."""

    async def answer(request: Request) -> Response:
        asked = Asked(request, ("q", "before"))
        text = asked.text("q", TEXT_CHARS_MAX) if asked.value("q") else None
        word = asked.text("before", CURSOR_CHARS_MAX)
        before = None if word is None else read_cursor(word, KIND, 1)[0]
        found, has_words = NOTHING, False
        if text is not None:
            question = partial(search, query=Query(text, LIMIT, before=before))
            try:
                found = await reading.ask(question, open_with_companion)
                has_words = True
            except NothingToFind:
                pass
        return renderer.page(
            "search.html",
            text=text or "",
            has_words=has_words,
            rows=[(step, _link(step)) for step in found.results],
            is_complete=found.complete,
            following=_following(found, text or ""),
            now=now_ms(),
        )

    return [Route("/search", answer)]


def _link(step: Step) -> str:
    path = f"/sessions/{quote(step.session_id, safe='')}/steps/{step.step_order}"
    return with_query(path, {"agent": step.agent})


def _following(found: Found, text: str) -> str | None:
    if found.next is None:
        return None
    return with_query("/search", {"q": text, "before": write_cursor(KIND, found.next)})
