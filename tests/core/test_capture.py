"""What of an event's content is kept."""

import json

import pytest

from traced.core.capture import Capture, CaptureMode
from traced.core.redact import Redactor, compiled

SECRET = "ghp_" + "a1B2" * 9
INPUT = {"command": f"curl -H 'Authorization: Bearer {SECRET}'", "timeout": 5}


def capture(mode: CaptureMode) -> Capture:
    return Capture(mode, Redactor())


def test_metadata_keeps_no_content() -> None:
    """Neither summaries nor content, given or made."""
    kept = capture("metadata")

    assert kept.value("text") is None
    assert kept.given("text") is None
    assert kept.tool_input("Bash", INPUT) is None
    assert kept.whole(INPUT) is None


def test_summary_keeps_no_whole_values() -> None:
    """By default texts for people alone are stored."""
    kept = capture("summary")

    assert (kept.value("text"), kept.whole(INPUT)) == ("text", None)


@pytest.mark.parametrize("mode", ["summary", "full"])
def test_secrets_reach_no_column(mode: CaptureMode) -> None:
    """Whatever is kept is redacted first."""
    kept = capture(mode)

    said = [
        kept.value({"output": SECRET}),
        kept.given(f"with {SECRET}"),
        kept.tool_input("Bash", INPUT),
        kept.whole(INPUT),
    ]
    assert SECRET not in json.dumps(said)


def test_what_is_redacted_is_counted() -> None:
    """The operator sees that something was taken out."""
    redactor = Redactor()

    Capture("summary", redactor).value(SECRET)

    assert redactor.count == 1


def test_a_tool_is_told_by_what_it_was_asked() -> None:
    """A shell command shows the command, a file tool the path."""
    kept = capture("summary")

    assert kept.tool_input("Bash", {"command": "ls", "timeout": 5}) == "ls"
    assert kept.tool_input("Read", {"file_path": "/a.py", "limit": 5}) == "/a.py"


def test_another_tool_is_told_by_all_its_input() -> None:
    """Where nothing tells which field matters, all of them are shown."""
    assert capture("summary").tool_input("Weird", {"a": 1, "b": "x"}) == "a=1, b=x"


@pytest.mark.parametrize("text", ["x" * 501, "x" * 100_000])
def test_a_summary_that_was_given_is_cut(text: str) -> None:
    """It has at most 500 characters, the last one an ellipsis."""
    given = capture("summary").given(text) or ""

    assert len(given) <= 500
    assert given.endswith("…")


def test_a_summary_that_was_given_is_else_as_it_is() -> None:
    """Its sender knows best what to show."""
    assert capture("summary").given("  a\nb ") == "  a\nb "


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_null(nothing: str | None) -> None:
    """An absent or empty text is no summary."""
    kept = capture("full")

    assert (kept.value(nothing), kept.given(nothing)) == (None, None)


@pytest.mark.parametrize("value", [0, False, "", [], {}])
def test_whole_values_are_kept_even_if_they_are_empty(value: object) -> None:
    """0, no and an empty list are values; null alone is nothing."""
    assert capture("full").whole(value) == json.dumps(value)


def test_any_value_can_be_kept_whole() -> None:
    """Integers beyond 64 bits, infinite floats and half characters are in real payloads."""
    whole = capture("full").whole({"a": 2**70, "b": float("inf"), "c": "\ud800"})

    assert whole == '{"a":1180591620717411303424,"b":null,"c":"\ufffd"}'


def test_null_is_not_kept() -> None:
    """A value that is not there is null in its column, not JSON's null."""
    assert capture("full").whole(None) is None


def test_a_name_is_redacted_in_every_mode() -> None:
    """It may have been taken out of content, where a secret can stand in its place."""
    for mode in ("metadata", "summary", "full"):
        assert capture(mode).label("general-purpose") == "general-purpose"
        assert capture(mode).label(SECRET) == "[redacted:github-token]"


def test_a_label_is_kept_by_the_patterns_of_the_time() -> None:
    """Looked up or not: a reload holds for the next one."""
    redactor = Redactor()
    by = Capture("summary", redactor)
    assert [by.label("hush 1"), by.label("hush 1")] == ["hush 1", "hush 1"]
    redactor.patterns = compiled(["hush"])

    assert by.label("hush 1") == "[redacted:custom] 1"
    assert by.optional_label(None) is None


def test_labels_that_are_remembered_are_bounded() -> None:
    """Long ones are not, and others until there are many."""
    by = Capture("summary", Redactor())
    for number in range(5000):
        assert by.label(f"n{number}") == f"n{number}"
    by.label("x" * 257)

    assert len(by._labels) <= 2048
    assert "x" * 257 not in by._labels


def test_a_mode_can_be_replaced() -> None:
    """What comes next is kept in the new one."""
    kept = capture("full")
    kept.mode = "metadata"

    assert (kept.value("text"), kept.whole(INPUT), kept.tool_input("Bash", INPUT)) == (None,) * 3


@pytest.mark.parametrize("mode", ["summary", "full"])
def test_a_line_that_cannot_be_taken_is_redacted(mode: CaptureMode) -> None:
    """Its bytes need be neither JSON nor text."""
    line = b"no json \xff " + SECRET.encode()

    assert capture(mode).raw(line) == b"no json \xff [redacted:github-token]"


def test_of_a_line_that_cannot_be_taken_metadata_keeps_nothing() -> None:
    """Whoever asks, and whatever the mode was when the line began to come."""
    assert capture("metadata").raw(b"no json") == b""


def test_a_summary_that_was_kept_before_is_kept_again() -> None:
    """Put together of redacted pieces it holds marks, which are no beginning of anything."""
    text = "command=Cookie: [redacted], password=[redacted]"

    assert Capture("summary", Redactor()).given_again(text) == text
    assert Capture("summary", Redactor()).given_again("x" * 501) == "x" * 499 + "…"
    assert Capture("metadata", Redactor()).given_again(text) is None
    assert Capture("summary", Redactor()).given_again(None) is None
