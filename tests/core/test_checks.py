from typing import get_args

import msgspec
import pytest
from msgspec import Raw, Struct

from traced.core.checks import EXPECTED, settle, settle_native, wrong_type
from traced.core.event import EndStatus, TraceType
from traced.core.wire import ControlLine, Envelope, LifeLine, NativeEvent


@pytest.mark.parametrize("kind", [NativeEvent, LifeLine, Envelope, ControlLine])
def test_every_field_has_its_expectation(kind: type[Struct]) -> None:
    """So that no rejection is without one; content may be any JSON, and is never wrong."""
    fields = {field.name for field in msgspec.structs.fields(kind)}
    assert fields - {"input", "output", "error"} <= EXPECTED.keys() | {"trace_type"}


@pytest.mark.parametrize(("field", "type_"), [("trace_type", TraceType), ("status", EndStatus)])
def test_expectations_name_every_allowed_word(field: str, type_: object) -> None:
    """The words of the types and of the texts are the same."""
    assert EXPECTED[field].replace(" or ", ", ").split(", ") == list(get_args(type_))


def native(**fields: object) -> NativeEvent:
    """Return a native event that is well but for the given fields."""
    return msgspec.convert(
        {"trace_type": "tool", "name": "Bash", "session_id": "s1", **fields}, NativeEvent
    )


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, None),
        ({"session_id": "a b é 日 \u2028"}, None),
        ({"session_id": "a\x00"}, "session_id"),
        ({"session_id": "a\nb"}, "session_id"),
        ({"session_id": "a\x7f"}, "session_id"),
        ({"session_id": "a\x85"}, "session_id"),
        ({"event_id": "a\ufffd"}, "event_id"),
        ({"call_id": "a\ufffd"}, "call_id"),
        ({"sdk_session_id": "a\nb"}, None),
        ({"phase": "start"}, "call_id"),
        ({"phase": "end", "call_id": "c1"}, None),
        ({"call_id": "c1"}, None),
        ({"started_at": "yesterday"}, "started_at"),
        ({"started_at": 0, "ended_at": "2026-01-01"}, "ended_at"),
    ],
)
def test_a_native_event_is_checked_beyond_its_types(
    fields: dict[str, object], wrong: str | None
) -> None:
    """The first wrong field is named."""
    assert settle_native(native(**fields)) == wrong
    assert settle(native(**fields)) == wrong


def test_the_alias_names_the_session_where_its_own_name_does_not() -> None:
    """Claude's SDK calls it so."""
    event = NativeEvent("tool", "Bash", sdk_session_id="s2")
    assert settle_native(event) is None
    assert event.session_id == "s2"
    event = NativeEvent("tool", "Bash", session_id="s1", sdk_session_id="s2")
    assert settle_native(event) is None
    assert event.session_id == "s1"


def test_one_of_both_names_is_needed() -> None:
    """An event of nobody is of no use."""
    assert settle_native(NativeEvent("tool", "Bash")) == "session_id"
    assert settle_native(NativeEvent("tool", "Bash", sdk_session_id="a\n")) == "sdk_session_id"


def test_times_become_unix_milliseconds() -> None:
    """Whatever they were written as."""
    event = native(started_at="1970-01-01T00:00:01.5Z", ended_at=2000.7)
    assert settle_native(event) is None
    assert (event.started_at, event.ended_at) == (1500, 2000)


def test_a_life_lines_session_is_checked() -> None:
    """By the same law."""
    assert settle(LifeLine("s1", "prompt")) is None
    assert settle(LifeLine("s\n1", "prompt")) == "session_id"


@pytest.mark.parametrize("payload", [b'"{}"', b"[{}]", b"null", b"1"])
def test_a_payload_is_an_object(payload: bytes) -> None:
    """Anything else is no agent's hook payload."""
    assert settle(Envelope(Raw(b'{"a":1}'))) is None
    assert settle(Envelope(Raw(payload))) == "payload"


def test_the_first_field_of_a_wrong_type_is_found() -> None:
    """In the order of the fields, so that the answer does not depend on that of the keys."""
    good: dict[str, object] = {"trace_type": "tool", "name": "Bash", "session_id": "s1"}
    assert wrong_type(NativeEvent, good) is None
    assert wrong_type(NativeEvent, good | {"input": object(), "unknown": object()}) is None
    assert wrong_type(NativeEvent, {}) == "trace_type"
    assert wrong_type(NativeEvent, {"status": "fine", "trace_type": "tool"}) == "name"
    assert wrong_type(NativeEvent, good | {"status": "fine", "call_id": 5}) == "call_id"
    assert wrong_type(LifeLine, {"session_id": "s1", "lifecycle": "birth"}) == "lifecycle"


@pytest.mark.parametrize(
    "line",
    [
        LifeLine(lifecycle="prompt", session_id="s", event_id="a\ufffd"),
        Envelope(payload=Raw(b"{}"), event_id="a\ufffd"),
    ],
)
def test_an_event_id_that_was_not_whole_is_refused(line: LifeLine | Envelope) -> None:
    """Two different ones could be stored as the same, and the second be lost as known."""
    assert settle(line) == "event_id"
