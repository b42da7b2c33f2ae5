"""Reading hook payloads: JSON that other programs wrote and may change tomorrow."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traced.agents.fields import (
    digest,
    identity,
    mapping,
    match_key,
    name,
    number,
    required,
    session_id_of,
    text,
)
from traced.core.errors import Malformed

NO_TEXT = [None, "", 0, 5, True, ["a"], {"a": 1}]


@pytest.mark.parametrize("value", NO_TEXT)
def test_what_is_no_text_is_not_there(value: object) -> None:
    """A key of another type is as good as absent."""
    payload = {"key": value}

    assert (text(payload, "key"), name(payload, "key")) == (None, None)
    assert (text({}, "key"), name({}, "key")) == (None, None)


def test_a_text_stays_as_it_is() -> None:
    """Prompts may be long and hold anything."""
    assert text({"key": " a\n" * 1000}, "key") == " a\n" * 1000


def test_a_name_is_clean_and_short() -> None:
    """Ids and names fit into their columns."""
    assert name({"key": "a\0b\ud800"}, "key") == "a\ufffdb\ufffd"
    assert name({"key": "x" * 256}, "key") == "x" * 256
    assert name({"key": "x" * 257}, "key") == "x" * 255 + "…"


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        ({}, "missing"),
        ({"tool_use_id": None}, "null"),
        ({"tool_use_id": ""}, "empty"),
        ({"tool_use_id": 12}, "an integer"),
        ({"tool_use_id": [["secret"]]}, "an array"),
    ],
)
def test_what_is_required_is_asked_for(payload: dict[str, object], shown: str) -> None:
    """The refusal names the key and what is there instead, without content."""
    with pytest.raises(Malformed) as caught:
        required(payload, "tool_use_id")

    assert caught.value.reason == "bad_field"
    assert caught.value.detail == f"tool_use_id is {shown}, expected a non-empty string"


@pytest.mark.parametrize("session_id", ["s", "x" * 256, "a/b c", "é😀"])
def test_session_ids_are_taken_as_they_are(session_id: str) -> None:
    """1 to 256 characters, whatever they are."""
    assert session_id_of({"session_id": session_id}) == session_id


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        ({}, "session_id is missing, expected a string"),
        ({"session_id": 5}, "session_id is an integer, expected a string"),
        ({"session_id": ""}, "session_id has 0 characters, expected 1 to 256"),
        ({"session_id": "x" * 257}, "session_id has 257 characters, expected 1 to 256"),
        (
            {"session_id": "a\x1b[31m"},
            "session_id has U+001B at character 1, expected no control characters",
        ),
    ],
)
def test_other_session_ids_are_refused(payload: dict[str, object], detail: str) -> None:
    """The refusal says what is wrong, not what the id was."""
    with pytest.raises(Malformed) as caught:
        session_id_of(payload)

    assert (caught.value.reason, caught.value.detail) == ("bad_field", detail)


@pytest.mark.parametrize(("value", "read"), [(0, 0.0), (2.5, 2.5), (7, 7.0)])
def test_numbers_are_read(value: float, read: float) -> None:
    """0 is a value."""
    assert number({"key": value}, "key") == read


@pytest.mark.parametrize("value", [None, True, "5", -1, -0.5, math.nan, math.inf, 2**63, 10**400])
def test_other_numbers_are_not_there(value: object) -> None:
    """A duration that is negative, endless or no number is not told."""
    assert number({"key": value}, "key") is None


@pytest.mark.parametrize("value", [None, 5, "a", [1]])
def test_what_is_no_object_is_an_empty_one(value: object) -> None:
    """Tools may have any input."""
    assert mapping({"key": value}, "key") == {}


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    """A request and its call may be written by different code."""
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})


def test_a_digest_tells_values_apart() -> None:
    """Also where the values stand in different places."""
    digests = {digest("a", None), digest(None, "a"), digest("a"), digest(["a", None]), digest("b")}

    assert len(digests) == 5


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(st.characters(codec=None)),
        lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    )
)
def test_any_value_has_a_digest(value: object) -> None:
    """16 hex digits, whatever an agent sends."""
    assert int(digest(value), 16) < 2**64


def test_the_deepest_value_has_a_digest() -> None:
    """What could be read has a digest."""
    value: list[object] = []
    for _ in range(50_000):
        value = [value]

    assert len(digest(value)) == 16


def test_a_key_tells_callers_tools_and_inputs_apart() -> None:
    """A permission request belongs to a call that has all three in common."""
    keys = {
        match_key(None, "Bash", {"command": "ls"}),
        match_key("a1", "Bash", {"command": "ls"}),
        match_key(None, "Read", {"command": "ls"}),
        match_key(None, "Bash", {"command": "pwd"}),
    }

    assert len(keys) == 4


@given(st.text())
def test_a_key_fits_into_a_column(command: str) -> None:
    """SQLite's integers have 64 bits and a sign."""
    assert -(2**63) <= match_key(None, "Bash", command) < 2**63


def test_long_ids_that_differ_stay_different() -> None:
    """They are cut to what a column takes, with a digest of the whole; a short one is as it is."""
    first, second = (identity({"id": "x" * 300 + end}, "id") for end in "ab")

    assert first is not None
    assert second is not None
    assert first != second
    assert (len(first), first[:239]) == (256, "x" * 239)
    assert identity({"id": "toolu_1"}, "id") == "toolu_1"
    assert identity({"id": 5}, "id") is None
