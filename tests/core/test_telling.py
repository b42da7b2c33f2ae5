from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_secrets import PASSWORD

from traced.core.redact import Redactor
from traced.core.summarise import SUMMARY_CHARS_MAX
from traced.core.telling import HEAD_CHARS_MAX, SHOWN_CHARS_MIN, Teller


def tell(value: object) -> str:
    return Teller(Redactor()).tell(value)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        *(("a\nb ", "a\nb "), ("", ""), (None, ""), (True, "true"), (False, "false"), (3, "3")),
        *(
            (2.5, "2.5"),
            ([], ""),
            ({}, ""),
            (["a", 1, None], "a, 1, null"),
            ([[1], {}], "[[1],{}]"),
        ),
    ],
)
def test_a_simple_value_is_told_plainly(value: object, told: str) -> None:
    """Texts as they are, nothing as nothing."""
    assert tell(value) == told


def test_an_integer_that_python_does_not_print_is_told_by_its_length() -> None:
    """Any integer is JSON."""
    assert tell(10**5000) == "an integer of 16610 bits"
    assert tell({"n": [10**5000]}) == 'n=["an integer of 16610 bits"]'


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"stdout": "out", "stderr": "", "interrupted": False, "isImage": False}, "out"),
        ({"stdout": "out\n", "stderr": "err\n"}, "out\nerr\n"),
        ({"stdout": "", "stderr": "err"}, "err"),
        ({"stdout": "", "stderr": "", "interrupted": False}, ""),
        ({"stdout": "", "stderr": "", "backgroundTaskId": "b0d"}, "backgroundTaskId=b0d"),
        ({"mode": "content", "numFiles": 0, "content": "a.py:4:x"}, "a.py:4:x"),
        ({"content": [{"type": "text", "text": "sum = 42"}]}, "sum = 42"),
        ({"type": "text", "file": {"filePath": "/a", "content": "# Demo"}}, "# Demo"),
        ({"llmContent": "long text", "returnDisplay": "short"}, "short"),
        ({"llmContent": [{"text": "a"}], "returnDisplay": ""}, "a"),
        (
            {"llmContent": "no", "error": {"message": "File not found", "type": "x"}},
            "File not found",
        ),
        ({"resultType": "success", "textResultForLlm": "ok"}, "ok"),
    ],
)
def test_an_object_is_told_by_its_one_text(value: object, told: str) -> None:
    """Where tools put what they have to say; what is empty is passed over."""
    assert tell(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"a": 2, "b": 40}, "a=2, b=40"),
        (
            {"success": True, "commandName": "greet", "note": None},
            "success=true, commandName=greet",
        ),
        ({"ok": False, "items": [1, "é"], "x": {"y": "z"}}, 'ok=false, items=[1,"é"], x={"y":"z"}'),
    ],
)
def test_any_other_object_is_told_by_its_fields(value: object, told: str) -> None:
    """In a form for people; only what is nested is JSON."""
    assert tell(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        ([{"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"}], "[image]"),
        ([{"type": "resource", "resource": {"uri": "file:a", "text": "b"}}], "b"),
        ([{"type": "resource_link", "uri": "file:a", "name": "a"}], "file:a"),
        ([{"a": 1}], '[{"a":1}]'),
    ],
)
def test_content_blocks_are_told_by_their_texts(value: object, told: str) -> None:
    """As MCP defines them; what is not text is named by its type."""
    assert tell(value) == told


def test_a_value_behind_a_secret_key_is_not_told() -> None:
    """Nor is a secret in a text, a block, a nested value or a key."""
    assert tell({"user": "bob", "password": "two words"}) == "user=bob, password=[redacted]"
    assert tell({"a": [{"token": "x y"}]}) == 'a=[{"token":"[redacted]"}]'
    assert tell(["--token", "abc"]) == "--token, [redacted]"
    assert tell([{"type": "text", "text": f"password={PASSWORD}"}]) == "password=[redacted]"
    assert tell({f"password={PASSWORD}": 1}) == "password=[redacted]=1"


def test_a_long_secret_behind_a_key_is_not_told() -> None:
    """Not even the part of it that does not look like one."""
    jwt = "eyJ" + "a1B2" * 5 + ".eyJ" + "a1B2" * 5 + "."
    told = tell({"session_cookie": jwt + "; sid=31d4 " + "x" * 5000})

    assert told == "session_cookie=[redacted]"


@pytest.mark.parametrize(
    "make",
    [
        lambda: ["abc"] * 1_000_000,
        lambda: {str(number): number for number in range(300_000)},
        lambda: [{"type": "text", "text": "abc"}] * 1_000_000,
        lambda: {"a": "x" * 10_000_000, "b": "y" * 10_000_000},
        lambda: [["x" * 1000] * 1000] * 1000,
    ],
    ids=["list", "object", "blocks", "long texts", "nested"],
)
def test_of_a_large_value_little_is_read(make: Callable[[], object]) -> None:
    """So that megabytes cost no more than a page."""
    assert SHOWN_CHARS_MIN < len(tell(make())) < 6 * HEAD_CHARS_MAX


def test_what_lies_deep_is_an_ellipsis() -> None:
    """Nesting is told to a bounded depth."""
    value: object = "x"
    for _ in range(100_000):
        value = {"a": value}

    assert tell(value).count("a") == 9
    assert "…" in tell(value)


def test_a_head_is_long_enough_for_a_summary() -> None:
    """Of a text without a secret at least as much is told as a summary shows."""
    assert SHOWN_CHARS_MIN >= SUMMARY_CHARS_MAX
    assert len(tell("a" * 100_000)) > SUMMARY_CHARS_MAX


@given(st.text(max_size=50), st.integers(0, 30))
def test_a_long_text_is_told_from_its_beginning(text: str, spaces: int) -> None:
    """What is told of a text without a secret is its head."""
    long = (" " * spaces + text) * 1 + " and so on" * 1000
    redacted = Redactor().text(long)

    assert redacted.startswith(tell(long)[:-1]) or redacted != long
