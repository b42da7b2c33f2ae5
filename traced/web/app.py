"""
The application: its routes, and how their failures are answered.

Law: whatever goes wrong below a route becomes a problem document, or on a page for people its
error page; never a traceback, and never a word of what was recorded in the log.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from traced.core.fault import fault
from traced.core.wire import LINE_BYTES_MAX
from traced.web import events, figures, health, hooks, openapi, sessions, traces
from traced.web.link import Link
from traced.web.problem import Problem, problem_response
from traced.web.reading import Reading
from traced.web.segments import Segments

ErrorPage = Callable[[Request, Problem], Response]

log = structlog.get_logger()

# Paths of programs; all others are for people.
PROGRAMS: Final = ("/api/", "/healthz", "/metrics")


def create_app(
    reading: Reading,
    link: Link,
    *,
    line_bytes_max: int = LINE_BYTES_MAX,
    stopping: Callable[[], bool] = lambda: False,
    pages: Sequence[BaseRoute] = (),
    error_page: ErrorPage | None = None,
) -> Starlette:
    """
    Return the application without its door: whoever can call it may ask anything.

    `line_bytes_max` is the longest line that the daemon takes; `stopping` tells streams of events
    when to end. `pages` are the routes for people; `error_page` answers them where the API answers
    with a problem document.
    """

    def answer(request: Request, problem: Problem) -> Response:
        if error_page is None or request.url.path.startswith(PROGRAMS):
            return problem_response(problem)
        return error_page(request, problem)

    async def on_problem(request: Request, error: Exception) -> Response:
        return answer(request, _problem_of(error))

    app = Starlette(
        routes=[
            *traces.routes(reading),
            *sessions.routes(reading),
            *figures.routes(reading),
            *events.routes(reading, link, stopping),
            *hooks.routes(link, line_bytes_max),
            *health.routes(link),
            *openapi.routes(),
            *pages,
            Mount("/static", StaticFiles(directory=folder("static")), name="static"),
        ],
        middleware=[Middleware(Faults, answer), Middleware(Segments)],
        exception_handlers={Problem: on_problem, HTTPException: on_problem},
    )
    app.router.redirect_slashes = False  # it would answer by a Host that the client chose
    return app


def folder(name: str) -> Path:
    """Return a folder of files that come with the program: `static` or `templates`."""
    return Path(__file__).with_name(name)


class Faults:
    """Middleware that answers errors of our own, and logs their place, never their text."""

    def __init__(self, app: ASGIApp, answer: ErrorPage) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  # each is logged, and ends its request alone
            log.error("request_failed", error=fault(error))  # noqa: TRY400  # its text may be any
            if has_begun:
                raise ConnectionAbortedError from None
            problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of traced; its log has it")
            await self._answer(Request(scope), problem)(scope, receive, send)


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    detail = "there is no such path" if status is HTTPStatus.NOT_FOUND else error.detail
    return Problem(status, detail, **(error.headers or {}))
