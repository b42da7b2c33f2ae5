"""Claude Code's payloads as a whole: recorded, very large, hostile, and in each capture mode."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recorded import Scenario, scenarios

from traced.agents import claude_code
from traced.core.capture import Capture
from traced.core.errors import Malformed
from traced.core.event import Change, StepChange
from traced.core.json_text import decode_json
from traced.core.redact import Redactor

CALL: dict[str, Any] = {
    "tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "toolu_1"
}  # fmt: skip


def read(event: str, payload: dict[str, Any], mode: Any) -> tuple[Change, ...]:
    return claude_code.changes(event, payload, 1, Capture(mode, Redactor()))


@pytest.mark.parametrize("scenario", list(scenarios()), ids=lambda scenario: scenario.name)
@pytest.mark.parametrize("mode", ["metadata", "summary", "full"])
def test_every_recorded_payload_is_read(scenario: Scenario, mode: str) -> None:
    """Whatever the real programs sent can be read, in every mode."""
    for line in scenario.payloads:
        payload = decode_json(line)
        assert isinstance(payload, dict)
        read(payload["hook_event_name"], payload, mode)
        claude_code.event_id(payload["hook_event_name"], payload)


@pytest.mark.parametrize("event", claude_code.READERS)
def test_metadata_holds_no_content(event: str) -> None:
    """In that mode nothing of what was asked or answered is kept."""
    payload = CALL | {
        "tool_input": {"command": "SECRET"}, "tool_response": {"stdout": "SECRET"},
        "error": "SECRET", "reason": "SECRET", "prompt": "SECRET", "command_name": "greet",
        "command_args": "SECRET", "agent_id": "a1",
    }  # fmt: skip
    payload["tool_calls"] = [dict(payload)]
    if event == "SessionEnd":
        del payload["reason"]  # there it is one of a few words, and no content

    assert "SECRET" not in repr(read(event, payload, "metadata"))


def test_full_capture_keeps_input_and_output() -> None:
    """As JSON, beside the summaries."""
    (step,) = read("PostToolUse", CALL | {"tool_response": {"stdout": "a.py"}}, "full")

    assert isinstance(step, StepChange)
    assert (step.input, step.output) == ('{"command":"ls"}', '{"stdout":"a.py"}')


def test_a_very_large_input_takes_no_time() -> None:
    """Eight megabytes are told, kept apart and given a key: work grows with the size alone."""
    content = "token=abcdef " * 640_000
    payload = CALL | {"tool_name": "Write", "tool_input": {"file_path": "/a", "content": content}}

    (step,) = read("PreToolUse", payload, "summary")

    assert isinstance(step, StepChange)
    assert step.input_summary == "/a"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=10,
)
KEYS = (
    "tool_name", "tool_input", "tool_use_id", "tool_response", "tool_calls", "duration_ms",
    "error", "is_interrupt", "reason", "prompt", "prompt_id", "source", "agent_id", "agent_type",
    "command_name", "command_args", "command_source", "to_model", "model",
)  # fmt: skip
payloads = st.dictionaries(
    st.sampled_from(KEYS), json_values | st.sampled_from(["Agent", "Bash", "mcp__a__b", "t1"])
)


@given(
    st.sampled_from(sorted(claude_code.READERS)),
    payloads | st.fixed_dictionaries({"tool_calls": st.lists(payloads)}),
    st.sampled_from(["metadata", "summary", "full"]),
)
def test_hostile_payloads_are_read_or_malformed(
    event: str, payload: dict[str, Any], mode: str
) -> None:
    """Whatever the types are, nothing but Malformed is raised, and what is read can be stored."""
    try:
        told = read(event, payload, mode)
    except Malformed:
        return
    finally:
        claude_code.event_id(event, payload)
        claude_code.model(event, payload)
    said = [getattr(change, field) for change in told for field in change.__struct_fields__]
    for text in said:
        if isinstance(text, str):
            text.encode()
