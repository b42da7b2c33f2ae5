"""
`/healthz` and `/metrics`: how the daemon is, by its own word.

Law: they ask the daemon each time and keep nothing, so they cannot say that it is well when it is
not; and `ok` is the state of its writer, not of this process.
"""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.core.errors import NotRunning
from traced.web.asked import Asked
from traced.web.documents import Health, document_response
from traced.web.link import Link
from traced.web.metrics import MEDIA_TYPE, metrics_text
from traced.web.problem import not_ready


def routes(link: Link) -> list[Route]:
    """Return the routes of health and metrics."""

    async def health(request: Request) -> Response:
        Asked(request, ())
        try:
            figures = await link.status()
        except NotRunning as error:
            raise not_ready(str(error)) from None
        state = figures.get("state")
        if state != "ok":
            raise not_ready(f"the daemon is {state}, expected ok: `traced status` says more")
        told = {"status": "ok", "version": figures["version"], "pid": figures["pid"]}
        return document_response(msgspec.convert(told, Health))

    async def metrics(request: Request) -> Response:
        Asked(request, ())
        try:
            text = metrics_text(await link.status())
        except NotRunning:
            text = metrics_text({})
        return Response(text, media_type=MEDIA_TYPE)

    return [Route("/healthz", health), Route("/metrics", metrics)]
