"""
`/api/stats` and `/api/search`: figures over all steps, and steps found by their words.

Law: both are answered from the companion index where it holds, and by the steps themselves where it
does not; a search ends within its time, and says where to go on.
"""

from functools import partial
from typing import Final, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.core.errors import NothingToFind
from traced.core.event import TraceType
from traced.store.index import search as index
from traced.store.index.companion import open_with_companion
from traced.store.index.stats import stats as figures
from traced.store.pages import INT64_MAX
from traced.web.asked import Asked
from traced.web.cursor import read_cursor, write_cursor
from traced.web.documents import FoundSteps, Stats, document_response
from traced.web.problem import WrongField
from traced.web.reading import Reading
from traced.web.traces import CURSOR_CHARS_MAX

KIND: Final = "search"
QUERY_CHARS_MAX: Final = 1000
TRACE_TYPES: Final[tuple[str, ...]] = get_args(TraceType)


def routes(reading: Reading) -> list[Route]:
    """Return the routes of figures and of search."""

    async def stats(request: Request) -> Response:
        asked = Asked(request, ("since_ms", "agent"))
        since_ms, agent = asked.number("since_ms", 0, INT64_MAX), asked.agent()
        question = partial(figures, since_ms=since_ms, agent=agent)
        rows = await reading.ask(question, open_with_companion)
        return document_response(Stats(rows, len(rows)))

    async def search(request: Request) -> Response:
        query = _query(Asked(request, ("q", "limit", "before", "agent", "type")))
        try:
            found = await reading.ask(partial(index.search, query=query), open_with_companion)
        except NothingToFind as error:
            expected = f"up to 32 words of letters or digits: {error}"
            raise WrongField("q", query.text, expected) from None
        following = None if found.next is None else write_cursor(KIND, found.next)
        results = found.results
        return document_response(FoundSteps(results, len(results), following, found.complete))

    return [Route("/api/stats", stats), Route("/api/search", search)]


def _query(asked: Asked) -> index.Query:
    text = asked.text("q", QUERY_CHARS_MAX)
    if text is None:
        raise WrongField("q", "", f"words to search for, of 1 to {QUERY_CHARS_MAX} characters")
    trace_type = asked.value("type")
    if trace_type is not None and trace_type not in TRACE_TYPES:
        raise WrongField("type", trace_type, f"one of {', '.join(TRACE_TYPES)}")
    word = asked.text("before", CURSOR_CHARS_MAX)
    before = None if word is None else read_cursor(word, KIND, 1)[0]
    return index.Query(text, asked.limit(), asked.agent(), trace_type, before)
