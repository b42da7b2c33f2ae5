import re

import pytest

from traced.core.rejections import Rejections, type_name

KIB = 1024


class Capture:
    """Takes out what looks like this test's only kind of secret, of 20 characters or more."""

    def __init__(self, *, keeps_content: bool = True) -> None:
        self.keeps_content = keeps_content

    def raw(self, data: bytes, /) -> bytes:
        """Return the bytes without secrets."""
        return re.sub(rb"SECRET[a-z0-9]{14,}", b"[gone]", data)


@pytest.fixture
def rejections() -> Rejections:
    """Return what keeps content, redacted."""
    return Rejections(Capture())


@pytest.fixture
def contentless() -> Rejections:
    """Return what keeps no content: capture mode ``metadata``."""
    return Rejections(Capture(keeps_content=False))


SECRET = "SECRET" + "a1" * 20


def test_a_rejection_keeps_the_line_redacted(rejections: Rejections) -> None:
    """Length is that of the line as it came."""
    line = f'{{"key":"{SECRET}",}}'.encode()
    rejected = rejections.reject("not_json", "why", line)
    assert (rejected.reason, rejected.detail) == ("not_json", "why")
    assert rejected.raw == b'{"key":"[gone]",}'
    assert rejected.length == len(line) == 57


def test_a_rejection_keeps_64_kib(rejections: Rejections) -> None:
    """The rest is only counted."""
    rejected = rejections.reject("not_json", "why", b"x" * 1_000_000)
    assert rejected.raw == b"x" * 64 * KIB
    assert rejected.length == 1_000_000


@pytest.mark.parametrize("ahead", [0, 5, 6, 19, 20, 21, 45, 46])
def test_no_cut_of_a_long_line_goes_through_a_secret(rejections: Rejections, ahead: int) -> None:
    """A secret across the cut is replaced as a whole, before the cut."""
    line = b"x" * (64 * KIB - ahead) + SECRET.encode() + b"-" * 100_000
    raw = rejections.reject("not_json", "why", line).raw
    assert raw is not None
    assert line.replace(SECRET.encode(), b"[gone]").startswith(raw)
    assert len(raw) >= 64 * KIB - len(SECRET)


def test_a_line_full_of_secrets_shows_none_where_redaction_ends(rejections: Rejections) -> None:
    """What is redacted shrinks, so that the end of what was looked at would come into view."""
    rejected = rejections.reject("not_json", "why", f"{SECRET} ".encode() * 100_000)
    assert rejected.raw is not None
    assert b"SEC" not in rejected.raw


def test_a_long_line_keeps_its_two_ends(rejections: Rejections) -> None:
    """4 KiB of its start and 1 KiB of its end, with a mark between them."""
    head, tail = b"a" * 20 * KIB, b"z" * 17 * KIB
    rejected = rejections.reject_long("why", head, tail, 9_000_000)
    assert rejected.reason == "too_long"
    assert rejected.raw == b"a" * 4 * KIB + " … ".encode() + b"z" * KIB
    assert rejected.length == 9_000_000


@pytest.mark.parametrize("ahead", [0, 1, 20, 45, 46, 100])
def test_neither_cut_of_a_long_line_goes_through_a_secret(
    rejections: Rejections, ahead: int
) -> None:
    """Not at the end of the start, and not at the start of the end."""
    secret = SECRET.encode()
    head = (b"a" * (4 * KIB - ahead) + secret).ljust(20 * KIB, b"-")
    tail = (secret + b"z" * (KIB - ahead)).rjust(17 * KIB, b"-")
    raw = rejections.reject_long("why", head, tail, 9_000_000).raw
    assert raw is not None
    assert b"SECRET" not in raw
    assert b"a1" not in raw


@pytest.mark.parametrize("ahead", [-1, 0, 1, 20, 45, 46, 100])
def test_a_secret_cut_where_the_held_ends_were_cut_is_dropped(
    rejections: Rejections, ahead: int
) -> None:
    """Half a secret is not recognised, but lies in what is not kept."""
    line = (b"SECRET" + b"a1" * 40) * 1000
    head, tail = line[ahead + 1 :][: 20 * KIB], line[: -ahead - 2][-17 * KIB :]
    raw = rejections.reject_long("why", head, tail, 9_000_000).raw
    assert raw is not None
    assert b"a1a1" not in raw[10:]


def test_without_content_no_text_is_kept(contentless: Rejections) -> None:
    """In capture mode ``metadata`` there is nothing to redact."""
    assert contentless.reject("not_json", "why", b"text").raw is None
    assert contentless.reject_long("why", b"text", b"text", 9_000_000).raw is None


@pytest.mark.parametrize(
    ("line", "ack"),
    [
        (b'{"v":1,"ack":true', True),
        (b'{"v":1,"ack":true,"session_id":"s","rubbish', True),
        (b'{"v":1,"ack":false,', False),
        (b'{"v":1, "ack":true,', False),
        (b'{"session_id":"s","ack":true,', False),
        (b"", False),
    ],
)
def test_what_does_not_parse_is_acked_only_if_it_begins_with_the_ack(
    rejections: Rejections, line: bytes, *, ack: bool
) -> None:
    """Nobody else would know what to do with an answer (SPEC 3)."""
    assert rejections.reject("not_json", "why", line).ack is ack
    assert rejections.reject_long("why", line, b"", 9_000_000).ack is ack


def test_what_parses_is_acked_if_it_says_so(rejections: Rejections) -> None:
    """Wherever in the line it says so; anything but true is no wish."""
    assert rejections.reject("bad_field", "why", b"", {"a": 1, "ack": True}).ack
    assert not rejections.reject("bad_field", "why", b'{"v":1,"ack":true', {"ack": 1}).ack


def test_a_rejection_says_whose_line_it_was(rejections: Rejections) -> None:
    """As far as the line's own fields are fit for that."""
    record: dict[str, object] = {"session_id": "s1", "agent": "codex", "event_id": "e1"}
    rejected = rejections.reject("bad_field", "why", b"", record)
    assert (rejected.session_id, rejected.agent, rejected.event_id) == ("s1", "codex", "e1")
    record = {"agent": "codex", "payload": {"session_id": "s2"}}
    assert rejections.reject("bad_field", "why", b"", record).session_id == "s2"
    record = {"sdk_session_id": "s3"}
    assert rejections.reject("bad_field", "why", b"", record).session_id == "s3"


@pytest.mark.parametrize("value", [None, 5, "", "a\nb", "a\x9fb", "x" * 257, ["s"]])
def test_what_is_no_valid_id_is_not_taken_for_one(rejections: Rejections, value: object) -> None:
    """It may be the very reason of the rejection."""
    record = {"session_id": value, "agent": value, "event_id": value}
    rejected = rejections.reject("bad_field", "why", b"", record)
    assert (rejected.session_id, rejected.agent, rejected.event_id) == (None, None, None)


def test_a_line_that_does_not_parse_may_still_say_whose_it_was(rejections: Rejections) -> None:
    """The members before what is wrong are read."""
    rejected = rejections.reject("not_json", "why", b'{"v":1,"session_id":"s1","x":1,rubbish')
    assert rejected.session_id == "s1"
    line = b'{"v":1,"agent":"codex","event_id":"e1","payload":{"session_id":"s2","tool_input":"...'
    rejected = rejections.reject_long("why", line, b"", 9_000_000)
    assert (rejected.session_id, rejected.agent, rejected.event_id) == ("s2", "codex", "e1")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (17, "17"),
        (-2.5, "-2.5"),
        (10**100, "1" + "0" * 79 + "…"),
        ([1, 2], "an array"),
        ({"a": 1}, "an object"),
        ("tool", '"tool"'),
        ("", '""'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("a\nb\x00\x7f\x9b", '"a\\nb\\u0000\\u007f\\u009b"'),
        ("left\u202eright\u2028", '"left\\u202eright\\u2028"'),
        ("日本 é 😀", '"日本 é 😀"'),
        ("x" * 80, '"' + "x" * 80 + '"'),
        ("x" * 81, '"' + "x" * 80 + '…"'),
        ("é" * 1_000_000, '"' + "é" * 80 + '…"'),
        ("x" * 70 + SECRET, '"' + "x" * 70 + '[gone]"'),
        ("x" * 78 + SECRET, '"' + "x" * 78 + '[g…"'),
    ],
)
def test_a_value_is_shown_redacted_escaped_and_cut(
    rejections: Rejections, value: object, shown: str
) -> None:
    """It goes to terminals and pages: what does not print is escaped."""
    assert rejections.value(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "a boolean"),
        (17, "an integer"),
        (-2.5, "a number"),
        ("tool", "a string"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_without_content_a_value_is_told_by_its_type(
    contentless: Rejections, value: object, shown: str
) -> None:
    """In capture mode ``metadata`` no value is kept."""
    assert contentless.value(value) == shown
    assert contentless.text("secret") == "6 characters"


def test_types_have_names_for_people() -> None:
    """JSON's words, not Python's."""
    assert type_name("x") == "a string"
    assert type_name(object()) == "a value"
