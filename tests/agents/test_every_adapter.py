"""What holds for every agent's adapter: on all that was sent, and on anything that may be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.adapters import AGENTS, read, told_events
from support.recorded import Scenario, scenarios

from traced.agents.detect import marked_agent
from traced.agents.fields import session_id_of
from traced.agents.registry import adapter_for
from traced.agents.shape import shaped
from traced.core.capture import CaptureMode
from traced.core.errors import Malformed
from traced.core.json_text import decode_json

SCENARIOS = [scenario for agent in AGENTS for scenario in scenarios(agent)]
MODES: tuple[CaptureMode, ...] = ("metadata", "summary", "full")
# By their agents alone: what they ask and are told is invented, and some of it stands here.
CONTENT = (
    "npm", "sleep", "rm -rf", "Run the tests", "exit code", "Look around", "hello from gemini",
    "Command failed", "said no", "File not found", "sum =", "dev@example.com",
)  # fmt: skip
# Theirs alone carry no marks: a plugin of traced's own writes the envelope.
WITHOUT_MARKS = {"claude-code", "opencode"}


def named(scenario: Scenario) -> str:
    return f"{scenario.agent}/{scenario.name}"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
def test_every_payload_is_read(scenario: Scenario, mode: CaptureMode) -> None:
    """In every mode, in its session, with the same id each time."""
    adapter = adapter_for(scenario.agent)
    for event, payload in told_events(scenario):
        read(scenario.agent, event, payload, mode)
        adapter.model(event, payload)
        assert session_id_of(payload) in scenario.expected
        assert adapter.event_id(event, payload) == adapter.event_id(event, dict(payload))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=named)
def test_marks_tell_whose_payload_it_is(scenario: Scenario) -> None:
    """So an envelope that names another agent does no harm."""
    wanted = None if scenario.agent in WITHOUT_MARKS else scenario.agent
    for event, payload in told_events(scenario):
        assert marked_agent(event, payload) == wanted


@pytest.mark.parametrize(
    "scenario",
    [each for each in SCENARIOS if each.agent not in {"claude-code", "codex"}],
    ids=named,
)
def test_metadata_holds_no_content(scenario: Scenario) -> None:
    """Nor does any mode hold whose e-mail address came along."""
    for event, payload in told_events(scenario):
        kept = repr(read(scenario.agent, event, payload, "metadata"))
        assert [text for text in CONTENT if text in kept] == []
        assert "dev@example.com" not in repr(read(scenario.agent, event, payload, "full"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=8,
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """Draw a payload that was sent, some keys of which, at any depth, hold anything now."""
    scenario = draw(st.sampled_from([each for each in SCENARIOS if each.agent != "claude-code"]))
    numbers = st.integers(0, len(scenario.payloads) - 1)
    number = draw(numbers)
    payload = decode_json(scenario.payloads[number])
    assert isinstance(payload, dict)
    for _ in range(draw(st.integers(1, 3))):
        _damage(draw, payload)
    return scenario.agent, scenario.events[number] or "preToolUse", payload


def _damage(draw: st.DrawFn, owner: dict[str, Any]) -> None:
    key = draw(st.sampled_from(sorted(owner)))
    inner = owner[key]
    if isinstance(inner, dict) and inner and draw(st.booleans()):
        _damage(draw, inner)
    else:
        owner[key] = draw(json_values)


@given(damaged(), st.sampled_from(MODES))
def test_damaged_payloads_are_read_or_malformed(
    told: tuple[str, str, dict[str, Any]], mode: CaptureMode
) -> None:
    """Whatever the types are, nothing but Malformed is raised, and what is read can be stored."""
    agent, said, payload = told
    known = dict(shaped(payload))
    event = known.get("hook_event_name") or said
    if not isinstance(event, str):
        return
    adapter_for(agent).event_id(event, known)
    adapter_for(agent).model(event, known)
    try:
        changes = read(agent, event, known, mode)
    except Malformed:
        return
    for change in changes:
        for field in change.__struct_fields__:
            value = getattr(change, field)
            if isinstance(value, str):
                value.encode()
