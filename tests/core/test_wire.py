import msgspec
import pytest

from traced.core.wire import LINE_BYTES_MAX, Envelope, LifeLine, NativeEvent

GOOD: dict[str, object] = {"trace_type": "tool", "name": "Bash", "session_id": "s1"}


def test_the_longest_line_has_8_mib() -> None:
    """As SPEC 3 says."""
    assert LINE_BYTES_MAX == 8_388_608


@pytest.mark.parametrize(
    "fields",
    [
        {"v": 1},
        {"name": "x" * 256, "session_id": "y" * 256, "sdk_session_id": "z"},
        {"trace_type": "command", "status": "cancelled", "phase": "end"},
        {"prompt_number": 0, "step_order": 0, "duration_ms": 0, "agent_pid": 0},
        {"prompt_number": 999_999_999, "step_order": 999_999_999},
        {"duration_ms": 0.5, "started_at": 1.5, "ended_at": 2, "sent_at": 3.5},
        {"started_at": "any string, for now"},
        {"event_id": "e" * 128, "call_id": "c" * 4096, "cwd": "", "source": "", "ack": True},
        {"phase": None, "call_id": None, "prompt_number": None, "status": None, "agent": None},
        {"unknown": {"keys": "are ignored"}},
    ],
)
def test_a_native_event_may_be(fields: dict[str, object]) -> None:
    """Bounds belong to what is allowed; null is the same as absent where a field is optional."""
    msgspec.convert(GOOD | fields, NativeEvent)


@pytest.mark.parametrize(
    "fields",
    [
        {"v": 0},
        {"v": 2},
        {"v": "1"},
        {"v": None},
        {"trace_type": "Tool"},
        {"name": ""},
        {"name": "x" * 257},
        {"name": None},
        {"session_id": ""},
        {"session_id": "x" * 257},
        {"session_id": None},
        {"sdk_session_id": ""},
        {"phase": "middle"},
        {"call_id": ""},
        {"call_id": "x" * 4097},
        {"agent": ""},
        {"prompt_number": -1},
        {"prompt_number": 1_000_000_000},
        {"prompt_number": 1.0},
        {"step_order": -1},
        {"step_order": 2**64},
        {"step_order": True},
        {"status": "running"},
        {"input_summary": 5},
        {"started_at": -1},
        {"ended_at": 253_402_300_800_000},
        {"duration_ms": -0.1},
        {"duration_ms": "5"},
        {"event_id": ""},
        {"event_id": "x" * 129},
        {"sent_at": "2026-01-01T00:00:00Z"},
        {"agent_pid": -1},
        {"ack": 1},
        {"ack": None},
    ],
)
def test_a_native_event_may_not_be(fields: dict[str, object]) -> None:
    """What is out of bounds does not get in, so that nothing inside need check it."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(GOOD | fields, NativeEvent)


@pytest.mark.parametrize("word", ["session_start", "prompt", "prompt_end", "session_end"])
def test_a_life_line_knows_four_words(word: str) -> None:
    """As SPEC 3.2 lists them."""
    line = msgspec.convert({"session_id": "s1", "lifecycle": word}, LifeLine)
    assert line.lifecycle == word


def test_content_that_was_not_sent_is_empty() -> None:
    """Which null is not."""
    line = b'{"trace_type":"tool","name":"Bash","session_id":"s1","output":null}'
    event = msgspec.json.decode(line, type=NativeEvent)
    assert (bytes(event.input), bytes(event.output)) == (b"", b"null")


def test_an_envelope_has_no_trace_type() -> None:
    """A line that has one is a native event."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"payload":{},"trace_type":"tool"}', type=Envelope)
