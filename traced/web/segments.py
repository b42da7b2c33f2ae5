"""
The path of a request, part by part: an id may hold a `/`, which comes as %2F.

Law: a path is cut at its slashes before anything in it is decoded.
"""

from typing import Final
from urllib.parse import quote, unquote, unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

NAME: Final = "segment"


class _Segment(Convertor[str]):
    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


# By this name routes take one part of a path: "/api/traces/{session_id:segment}".
register_url_convertor(NAME, _Segment())


def in_segments(scope: Scope) -> Scope:
    """
    Return the scope with a `path` that is still encoded, each part in its one canonical form.

    ASGI gives it decoded, where %2F and / look the same.
    """
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    parts = (quote(unquote_to_bytes(part), safe="") for part in raw.split(b"/"))
    return {**scope, "path": "/".join(parts)}


class Segments:
    """Middleware that lets the routes see each part of a path as it was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            scope = in_segments(scope)
        await self._app(scope, receive, send)
