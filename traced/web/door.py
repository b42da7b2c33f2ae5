"""
The door: who may ask, and what every answer carries.

Law: nothing is read from a request, and nobody waits for its body, before its Host, its Origin and
its sender are known to be right; there is no CORS, so no other site's page can read an answer.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import anyio.to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from traced.web.bearer import Bearer
from traced.web.hosts import Hosts, is_same_origin
from traced.web.peer import Address
from traced.web.problem import Problem, not_ready, problem_response, shown
from traced.web.segments import in_segments

COOKIE: Final = "traced"
# In the state of a scope: what is known of its connection. Whose it is does not change, and Linux
# takes 5 ms to tell.
CONNECTION: Final = "traced.connection"
REQUESTS_MAX: Final = 128  # at once; streams of events are among them
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FOREIGN: Final = frozenset({"cross-site", "same-site"})

PeerUid = Callable[[Address, Address], int | None]


class Door:
    """
    Stands before an application.

    `bearer` knows the token, if there is one; `peer_uid` tells who is at the other end, None where
    that cannot be told or is not enough; `uids` are those who need no token then.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Hosts,
        bearer: Bearer | None,
        peer_uid: PeerUid | None,
        uids: frozenset[int],
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._bearer = bearer
        self._peer_uid = peer_uid
        self._uids = uids
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} came to the door, expected http")
        request = Request(scope)
        cookie = None
        try:
            self._check_addressing(request)
            cookie = await self._check_sender(request)
            if self._requests >= REQUESTS_MAX:
                raise not_ready(f"{REQUESTS_MAX} requests are being answered, expected fewer")
            app = self._app
        except Problem as problem:
            app = problem_response(problem)
        if cookie is not None and "text/html" in request.headers.get("accept", ""):
            app = _without_token(request)
        self._requests += 1
        try:
            await app(scope, receive, _with_headers(send, cookie))
        finally:
            self._requests -= 1

    def _check_addressing(self, request: Request) -> None:
        """Refuse what a page of another site, or of one that claims our address, may send."""
        given = request.headers.getlist("host")
        if len(given) != 1 or not self._hosts.allow(given[0]):
            raise _forbidden("the Host header", ", ".join(given), "a name of this machine")
        for origin in request.headers.getlist("origin"):
            if not is_same_origin(origin, given[0]):
                raise _forbidden("the Origin header", origin, "none, or this server's own")
        site = request.headers.get("sec-fetch-site", "")
        if site in _FOREIGN and request.headers.get("sec-fetch-mode") != "navigate":
            raise _forbidden("the Sec-Fetch-Site header", site, "none or same-origin")

    async def _check_sender(self, request: Request) -> str | None:
        """Refuse who may not ask; return the cookie to be given, if the URL held the token."""
        if self._bearer is not None:
            scheme, _, word = request.headers.get("authorization", "").partition(" ")
            in_url = request.query_params.get("token")
            if scheme.lower() == "bearer":
                if self._bearer.is_token(word.strip()):
                    return None
                raise _unauthorized("the token in the Authorization header is not the server's")
            if in_url is not None:
                if self._bearer.is_token(in_url):
                    return self._bearer.cookie
                raise _unauthorized("the token in the URL is not the server's")
            if self._bearer.is_cookie(request.cookies.get(COOKIE, "")):
                return None
        if self._peer_uid is None:
            raise _unauthorized("no token was given")
        uid = await self._uid_of(request, self._peer_uid)
        if uid not in self._uids:
            raise _forbidden("the sender's uid", str(uid), "that of the daemon, root, or a token")
        return None

    async def _uid_of(self, request: Request, peer_uid: PeerUid) -> int | None:
        client, server = request.scope.get("client"), request.scope.get("server")
        if client is None or server is None:
            return None
        known: dict[str, int] = request.scope.get("state", {}).get(CONNECTION, {})
        if "uid" not in known:
            ends = Address(client[0], client[1]), Address(server[0], server[1])
            uid = await anyio.to_thread.run_sync(peer_uid, *ends)
            if uid is None:
                return None
            known["uid"] = uid
        return known["uid"]


def _forbidden(what: str, value: str, expected: str) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, f"{what} is {shown(value)}, expected {expected}")


def _unauthorized(why: str) -> Problem:
    detail = f"{why}: expected `Authorization: Bearer TOKEN`, or ?token=TOKEN once"
    return Problem(HTTPStatus.UNAUTHORIZED, detail, WWW_Authenticate='Bearer realm="traced"')


def _without_token(request: Request) -> Response:
    """Send a browser on to the same page, so that no address bar and no history keeps the token."""
    url = request.url.remove_query_params("token")
    # From its canonical parts, and behind one slash: //elsewhere would lead to another host.
    path = "/" + str(in_segments(request.scope)["path"]).lstrip("/")
    location = f"{path}?{url.query}" if url.query else path
    return Response(status_code=HTTPStatus.SEE_OTHER, headers={"Location": location})


def _with_headers(send: Send, cookie: str | None) -> Callable[[Message], Awaitable[None]]:
    async def send_more(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if cookie is not None:
                attributes = "Path=/; HttpOnly; SameSite=Strict"
                headers.append("Set-Cookie", f"{COOKIE}={cookie}; {attributes}")
        await send(message)

    return send_more
