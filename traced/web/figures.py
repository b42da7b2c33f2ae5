"""`/api/stats`: what ran how often, how long, and how it ended."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.store import queries
from traced.web.asked import Asked
from traced.web.documents import Stats, document_response
from traced.web.reading import Reading


def routes(reading: Reading) -> list[Route]:
    """Return the route of figures."""

    async def stats(request: Request) -> Response:
        Asked(request, ())
        rows = await reading.ask(queries.stats)
        return document_response(Stats(rows, len(rows)))

    return [Route("/api/stats", stats)]
