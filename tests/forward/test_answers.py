"""What a backend's answer means."""

import pytest

from traced.forward.answers import (
    Answer,
    Failed,
    Held,
    Refused,
    Taken,
    answer_of,
    seconds_of,
    shown,
)
from traced.forward.protobuf import Partial

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z
JSON = "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("status", "content_type", "body", "answer"),
    [
        (200, "application/x-protobuf", b"", Taken()),
        (202, "", b"", Taken()),
        (200, JSON, b"{}", Taken()),
        (200, JSON, b'{"partialSuccess":{}}', Taken()),
        (
            200,
            JSON,
            b'{"partialSuccess":{"rejectedSpans":"3","errorMessage":"old"}}',
            Taken(Partial(3, "old")),
        ),
        (200, JSON, b'{"partialSuccess":{"rejectedSpans":"x"}}', Taken()),
        (200, JSON, b"\xff", Taken()),
        (400, JSON, b'{"message":"bad\\nspan"}', Refused("it answers 400: bad span")),
        (413, "text/html", b"<b>too large</b>", Refused("it answers 413: <b>too large</b>")),
        (422, "application/x-protobuf", b"\x12\x03no\x1b", Refused("it answers 422: no")),
        (401, "", b"", Held("it answers 401")),
        (404, JSON, b"[]", Held("it answers 404: []")),
        (302, "", b"", Held("it answers 302")),
        (503, "", b"", Held("it answers 503", 7.0)),
        (500, JSON, b'{"message":"oh"}', Failed("it answers 500: oh", 7.0)),
        (502, "", b"", Held("it answers 502", 7.0)),
    ],
    ids=range(16),
)
def test_an_answer_has_one_meaning(
    status: int, content_type: str, body: bytes, answer: Answer
) -> None:
    """Only what speaks of the spans refuses them; whatever may be mended is waited for."""
    retry_after = "7" if status >= 500 else None

    assert answer_of(status, content_type, retry_after, body, NOW) == answer


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("-1", 0.0),
        ("1e9", 3600.0),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Fri, 15 Jan 2027 08:01:00 +99999999999999999999", None),
        ("Fri, 15 Jan 99999999999999999999 08:01:00 GMT", None),
    ],
)
def test_a_backend_says_when_to_come_back(header: str, seconds: float | None) -> None:
    """In seconds or as a date; an hour at most."""
    assert seconds_of(header, NOW) == seconds


def test_a_page_takes_no_spans() -> None:
    """A login or a screen answers 200 to everything; nothing is thought to have arrived there."""
    held = Held("it answers 200 with a page (text/html), expected one of OTLP")

    assert answer_of(200, "text/html; charset=utf-8", None, b"<html>", NOW) == held


def test_what_a_backend_says_is_one_bounded_line() -> None:
    """It goes to the log, which may be a terminal."""
    assert shown("a\n\tb \x1b[2J") == r"a b \x1b[2J"
    assert len(shown("x" * 1000)) == 200
