"""
What a backend's answer means: taken, refused, failed, or to be tried again later.

Law: only an answer that speaks of the spans themselves refuses them. All else may be mended at the
other end (a token, an address, a project, a full disk), and nothing is lost by waiting, for what
was recorded stays in the database.
"""

import math
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import msgspec

from traced.forward.protobuf import Partial, partial_success
from traced.show.escape import printable

# Bad request, too large, unprocessable: MLflow answers 422 to a batch with one span it cannot read.
REFUSALS: Final = frozenset({400, 413, 422})
# A fault of the backend's own, which these spans may have brought about. Gateways answer 502 to 504
# for a backend that is away or busy, and OTLP says that those are to be retried.
FAILURES: Final = frozenset({500, 501, 505})
TAKEN: Final = range(200, 300)
PAGE: Final = "text/html"
RETRY_AFTER_SECONDS_MAX: Final = 3600.0
MESSAGE_CHARS_MAX: Final = 200


class Taken(NamedTuple):
    """The backend has the spans, except those that it says it rejected."""

    partial: Partial | None = None


class Refused(NamedTuple):
    """The backend does not take these spans, now or later."""

    why: str


class Failed(NamedTuple):
    """The backend could not; whether the spans are to blame shows when it takes others."""

    why: str
    retry_after_seconds: float | None = None


class Held(NamedTuple):
    """The backend takes nothing now; it may say in how many seconds it might."""

    why: str
    retry_after_seconds: float | None = None


Answer = Taken | Refused | Failed | Held


class _Told(msgspec.Struct, rename="camel"):
    rejected_spans: int | str = 0
    error_message: str = ""


class _Response(msgspec.Struct, rename="camel"):
    partial_success: _Told | None = None


class _Status(msgspec.Struct):
    message: str = ""


def answer_of(
    status: int, content_type: str, retry_after: str | None, body: bytes, now: float
) -> Answer:
    """Return what an answer means; `now` (Unix seconds) is what a date in `retry_after` is from."""
    is_json = content_type.partition(";")[0].strip().lower() == "application/json"
    if status in TAKEN:
        # What serves pages answers so to everything: a login, the backend's own screens.
        if content_type.lower().startswith(PAGE):
            return Held(f"it answers {status} with a page ({PAGE}), expected one of OTLP")
        return Taken(_partial_of_json(body) if is_json else partial_success(body))
    said = _message(body, is_json=is_json)
    why = f"it answers {status}: {said}" if said else f"it answers {status}"
    if status in REFUSALS:
        return Refused(why)
    seconds = None if retry_after is None else seconds_of(retry_after, now)
    return Failed(why, seconds) if status in FAILURES else Held(why, seconds)


def seconds_of(retry_after: str, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, within bounds; None if invalid."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            date = parsedate_to_datetime(retry_after)
        # A year or an offset beyond what C counts in overflows.
        except (ValueError, OverflowError):
            return None
        seconds = date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now
    if not math.isfinite(seconds):
        return None
    return min(max(0.0, seconds), RETRY_AFTER_SECONDS_MAX)


def shown(message: str) -> str:
    """Return what a backend says as a line of the log can hold it."""
    text = printable(" ".join(message.split()))
    return text if len(text) <= MESSAGE_CHARS_MAX else text[: MESSAGE_CHARS_MAX - 1] + "…"


def _partial_of_json(body: bytes) -> Partial | None:
    try:
        told = msgspec.json.decode(body, type=_Response).partial_success
        if told is None:
            return None
        rejected = int(told.rejected_spans)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        return None
    if not rejected and not told.error_message:
        return None
    return Partial(max(0, rejected), told.error_message)


def _message(body: bytes, *, is_json: bool) -> str:
    if is_json:
        try:
            return shown(msgspec.json.decode(body, type=_Status).message)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
    # As protobuf it is a google.rpc.Status: a text between a few bytes.
    text = body.decode("utf-8", "replace")
    return shown("".join(each if each.isprintable() else " " for each in text)).strip()
