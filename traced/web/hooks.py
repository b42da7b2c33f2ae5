"""
`POST /api/hooks/{agent}`: the raw payload of a hook, from agents that post it.

Law: 200, with an empty body, means that the event is committed or lies in the spool; what is no
JSON object is refused here, and what the daemon rejects is answered with its reason.
"""

import re
import secrets
import time
from http import HTTPStatus
from typing import Final

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from traced.core.errors import Malformed
from traced.core.json_text import check_json, check_utf8, replace_lone_surrogates
from traced.web.asked import NAME_CHARS_MAX, Asked, path_value
from traced.web.link import Link
from traced.web.problem import Problem, WrongField, not_ready

AGENTS: Final = ("claude-code", "codex", "copilot-cli", "cursor", "gemini-cli", "opencode")
# What the envelope may add around a payload.
ENVELOPE_BYTES_MAX: Final = 2048
BODY_SECONDS_MAX: Final = 10.0
_NUMBER: Final = re.compile(r"[0-9]{1,20}")


def routes(link: Link, line_bytes_max: int) -> list[Route]:
    """Return the route of hooks; `line_bytes_max` is the longest line that the daemon takes."""
    body_bytes_max = line_bytes_max - ENVELOPE_BYTES_MAX

    async def hook(request: Request) -> Response:
        agent = path_value(request, "agent")
        if agent not in AGENTS:
            expected = f"one of {', '.join(AGENTS)}"
            raise WrongField("agent", agent, expected, HTTPStatus.NOT_FOUND)
        event = Asked(request, ("event",)).text("event", NAME_CHARS_MAX)
        body = await read_body(request, body_bytes_max)
        _check_object(body)
        try:
            ack = await link.hand_over(_envelope(agent, event, body))
        except OSError as error:
            why = f"the daemon is away and the spool cannot be written: {error.strerror}"
            raise not_ready(why) from error
        if ack is not None and ack.status == "rejected":
            raise Problem(
                HTTPStatus.BAD_REQUEST, f"the daemon rejected it ({ack.reason}): {ack.error}"
            )
        return Response()

    return [Route("/api/hooks/{agent:segment}", hook, methods=["POST"])]


async def read_body(request: Request, bytes_max: int) -> bytes:
    """
    Return the body of a request.

    Raises:
        Problem: 413 if it is longer, 408 if it does not come in time.
    """
    told = request.headers.get("content-length", "")
    if _NUMBER.fullmatch(told) and int(told) > bytes_max:
        raise _too_long(told, bytes_max)
    body = bytearray()
    try:
        with anyio.fail_after(BODY_SECONDS_MAX):
            async for chunk in request.stream():
                body += chunk
                if len(body) > bytes_max:
                    raise _too_long(f"more than {bytes_max}", bytes_max)
    except TimeoutError:
        raise Problem(
            HTTPStatus.REQUEST_TIMEOUT,
            f"{len(body)} bytes of the body came in {BODY_SECONDS_MAX:g} s, expected all of it",
        ) from None
    return bytes(body)


def _too_long(told: str, bytes_max: int) -> Problem:
    detail = f"the body has {told} bytes, expected at most {bytes_max}"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, Connection="close")


def _check_object(body: bytes) -> None:
    try:
        check_utf8(body)
        check_json(replace_lone_surrogates(body))
    except Malformed as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"the body: {error.detail}") from None
    start = body.lstrip()[:1]
    if start != b"{":
        raise WrongField("the body", start.decode("utf-8", "replace"), "a JSON object")


def _envelope(agent: str, event: str | None, body: bytes) -> bytes:
    """Return the line that hands a payload over: see SPEC 3."""
    head: dict[str, object] = {"v": 1, "ack": True, "agent": agent}
    if event is not None:
        head["event"] = event
    head |= {"event_id": secrets.token_hex(16), "sent_at": time.time_ns() // 1_000_000}
    # In JSON a newline byte is only ever white space: a space changes no value.
    payload = body.replace(b"\n", b" ").replace(b"\r", b" ")
    return msgspec.json.encode(head)[:-1] + b',"payload":' + payload + b"}\n"
