"""Codex's payloads: what of them is not as Claude Code's."""

import json
from typing import Any

import pytest
from support.recorded import Scenario, scenarios

from traced.agents import codex
from traced.agents.detect import marked_agent
from traced.core.capture import Capture, CaptureMode
from traced.core.event import Change, PromptEnded, PromptSubmitted, StepChange
from traced.core.json_text import decode_json
from traced.core.redact import Redactor

CALL: dict[str, Any] = {
    "session_id": "s", "turn_id": "turn", "tool_name": "Bash", "tool_input": {"command": "ls"},
    "tool_use_id": "call_1",
}  # fmt: skip


def read(event: str, payload: dict[str, Any], mode: CaptureMode = "summary") -> tuple[Change, ...]:
    """Read one event."""
    return codex.changes(event, payload, 1, Capture(mode, Redactor()))


def step(event: str, payload: dict[str, Any]) -> StepChange:
    """Read one event of a call."""
    (change,) = read(event, payload)
    assert isinstance(change, StepChange)
    return change


@pytest.mark.parametrize("scenario", list(scenarios("codex")), ids=lambda scenario: scenario.name)
def test_every_recorded_payload_is_codexs_and_is_read(scenario: Scenario) -> None:
    """Its own marks tell, and nothing that the real program sent is refused."""
    for line in scenario.payloads:
        payload = decode_json(line)
        assert isinstance(payload, dict)
        event = payload["hook_event_name"]
        assert marked_agent(event, payload) == "codex"
        read(event, payload)


def test_a_turn_names_the_prompt() -> None:
    """Of a call, of a submitted prompt and of its end."""
    assert step("PreToolUse", CALL).prompt_id == "turn"
    assert read("UserPromptSubmit", {"turn_id": "turn", "prompt": "Do it"}) == (
        PromptSubmitted("turn", "user", "Do it"),
    )
    assert read("Stop", {"turn_id": "turn"}) == (PromptEnded("turn"),)


def test_a_turn_that_its_user_stopped_is_over() -> None:
    """What runs in it is closed."""
    assert read("Interrupt", {"turn_id": "turn"}) == (PromptEnded("turn"),)


def test_the_turn_of_a_sub_agent_is_no_prompt() -> None:
    """It has turns of its own; its steps go where it was launched."""
    inside = {"agent_id": "a1", "agent_type": "worker"}

    assert step("PreToolUse", CALL | inside).prompt_id is None
    assert read("UserPromptSubmit", {"turn_id": "t2", "prompt": "Do it"} | inside) == ()
    assert read("Stop", {"turn_id": "t2"} | inside) == ()


@pytest.mark.parametrize("as_text", [True, False])
def test_a_launch_tells_whom_it_launched(as_text: bool) -> None:
    """Its answer is JSON in a text."""
    answer = {"agent_id": "a1", "nickname": "Ada"}
    launch = CALL | {"tool_name": "spawn_agent", "tool_input": {"agent_type": "worker"}}
    found = step(
        "PostToolUse", launch | {"tool_response": json.dumps(answer) if as_text else answer}
    )

    assert (found.trace_type, found.name, found.child_agent_id) == ("agent", "worker", "a1")


@pytest.mark.parametrize("answer", ["no json", "[1]", "", 5, None])
def test_a_launch_that_tells_nothing_is_a_step_all_the_same(answer: object) -> None:
    """Whom it launched is not known then."""
    found = step("PostToolUse", CALL | {"tool_name": "spawn_agent", "tool_response": answer})

    assert (found.status, found.child_agent_id) == ("ok", None)


def test_the_same_prompt_or_call_has_the_same_id() -> None:
    """And two prompts of one text in two turns have two."""
    prompt = {"turn_id": "turn", "prompt": "Do it"}

    assert codex.event_id("PostToolUse", CALL) == "PostToolUse:call_1"
    assert codex.event_id("UserPromptSubmit", prompt) == codex.event_id(
        "UserPromptSubmit", dict(prompt)
    )
    assert codex.event_id("UserPromptSubmit", prompt) != codex.event_id(
        "UserPromptSubmit", prompt | {"turn_id": "t2"}
    )
    assert codex.event_id("Stop", prompt) is None
