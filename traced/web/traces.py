"""
`/api/traces`: steps, of all sessions, of one, or of one of its prompts.

Law: a page holds them in the order of recording. Of all sessions, pages go back in time; of one
session, they go on by step order.
"""

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.store import pages
from traced.store.pages import StepPage
from traced.store.reader import ReadConnection
from traced.web.asked import LIMIT_MAX, NUMBER_MAX, Asked, path_value, whole_number
from traced.web.cursor import read_cursor, write_cursor
from traced.web.documents import Traces, document_response
from traced.web.reading import Reading, session_named

CURSOR_CHARS_MAX: Final = 80
RECENT: Final = "recent"
SESSION: Final = "steps"
OF_SESSION: Final = ("limit", "before", "agent", "uid")


def routes(reading: Reading) -> list[Route]:
    """Return the routes of steps."""

    async def recent(request: Request) -> Response:
        asked = Asked(request, ("limit", "before"))
        key = _key(asked, RECENT)
        before = pages.INT64_MAX if key is None else key
        page = await reading.ask(partial(pages.recent, limit=asked.limit(), before=before))
        return _answer(RECENT, page)

    async def of_session(request: Request) -> Response:
        return await _page_of_session(reading, request, None)

    async def of_prompt(request: Request) -> Response:
        value = path_value(request, "prompt_number")
        number = whole_number("prompt_number", value, 0, NUMBER_MAX)
        return await _page_of_session(reading, request, number)

    return [
        Route("/api/traces", recent),
        Route("/api/traces/{session_id:segment}", of_session),
        Route("/api/traces/{session_id:segment}/{prompt_number:segment}", of_prompt),
    ]


async def _page_of_session(
    reading: Reading, request: Request, prompt_number: int | None
) -> Response:
    asked = Asked(request, OF_SESSION)
    session_id, agent, uid = path_value(request, "session_id"), asked.agent(), asked.uid()
    limit, key = asked.limit(LIMIT_MAX), _key(asked, SESSION)

    def question(connection: ReadConnection) -> StepPage:
        session = session_named(connection, session_id, agent, uid)
        after = -1 if key is None else key
        return pages.of_session(connection, session.pk, limit, prompt_number, after)

    return _answer(SESSION, await reading.ask(question))


def _key(asked: Asked, kind: str) -> int | None:
    before = asked.text("before", CURSOR_CHARS_MAX)
    return None if before is None else read_cursor(before, kind, 1)[0]


def _answer(kind: str, page: StepPage) -> Response:
    following = None if page.key is None else write_cursor(kind, page.key)
    return document_response(Traces(page.steps, len(page.steps), following))
