"""
What an answer other than success says: a problem document (RFC 9457).

Law: a message says what was read and what was expected; what was read is cut, and escaped to
ASCII, so that it steers no terminal and hides nothing.
"""

from http import HTTPStatus
from typing import Final

import msgspec
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
VALUE_CHARS_MAX: Final = 60
RETRY_SECONDS: Final = 2


class ProblemDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body; the last three tell of a wrong field, and are left out elsewhere."""

    title: str
    status: int
    detail: str
    field: str | None = None
    value: str | None = None
    expected: str | None = None


class Problem(Exception):
    """Why a request is not answered; raised anywhere below a route, told to its client."""

    def __init__(self, status: HTTPStatus, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.document = ProblemDocument(status.phrase, status.value, detail)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class WrongField(Problem):
    """A value that does not fit; `status` tells a wrong path from a wrong parameter."""

    def __init__(
        self,
        field: str,
        value: str,
        expected: str,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
    ) -> None:
        name, seen = shown(field)[1:-1], shown(value)
        super().__init__(status, f"{name} is {seen}, expected {expected}")
        self.document = msgspec.structs.replace(
            self.document, field=name, value=seen, expected=expected
        )


def not_ready(detail: str) -> Problem:
    """Return the problem that time may mend."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, Retry_After=str(RETRY_SECONDS))


def problem_response(problem: Problem) -> Response:
    """Return the answer that tells of a problem."""
    return Response(
        msgspec.json.encode(problem.document),
        problem.document.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def shown(value: str) -> str:
    """Return a value as a message shows it: quoted, in ASCII and cut."""
    cut = value[:VALUE_CHARS_MAX]
    return ascii(cut) if cut == value else f"{ascii(cut)[:-1]}...{ascii(cut)[-1]}"
