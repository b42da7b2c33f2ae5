"""
The pages of the viewer, and the page that tells of what went wrong.

Law: a path that only programs know is not here.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.web.pages import listing, search, session, step
from traced.web.pages.drawing import renderer
from traced.web.problem import Problem
from traced.web.reading import Reading

_RENDERER: Final = renderer()


def routes(reading: Reading) -> list[Route]:
    """Return the routes for people."""
    return [
        *listing.routes(reading, _RENDERER),
        *search.routes(reading, _RENDERER),
        *session.routes(reading, _RENDERER),
        *step.routes(reading, _RENDERER),
    ]


def error_page(request: Request, problem: Problem) -> Response:
    """Return the page for people that tells of a problem; it tries again where time may mend it."""
    page = _RENDERER.page(
        "part_error.html" if "part" in request.query_params else "error.html",
        problem.document.status,
        problem=problem.document,
        retry_seconds=problem.headers.get("Retry-After"),
    )
    page.headers.update(problem.headers)
    return page
