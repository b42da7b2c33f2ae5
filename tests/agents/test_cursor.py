"""Cursor's payloads, in its own shape and in that of Claude Code's hooks."""

from typing import Any

import pytest
from support.adapters import read, read_step

from traced.agents import cursor
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
)

CALL: dict[str, Any] = {
    "conversation_id": "c", "generation_id": "g", "cursor_version": "2.0.77", "tool_name": "Shell",
    "tool_input": {"command": "npm test"}, "tool_use_id": "tu-1", "user_email": "dev@example.com",
}  # fmt: skip
AGENT = "cursor"


def test_a_call_is_told_by_the_generic_events() -> None:
    """With its id, its prompt, and the agent's own duration."""
    start = read_step(AGENT, "preToolUse", CALL)
    end = read_step(AGENT, "postToolUse", CALL | {"duration": 5432, "tool_output": '"ok"'})

    assert (start.phase, start.call_id, start.prompt_id) == (Phase.START, "tu-1", "g")
    assert (start.name, start.input_summary) == ("Shell", "npm test")
    assert (end.phase, end.status, end.duration_ms, end.output_summary) == (
        *(Phase.END, "ok", 5432),
        "ok",
    )


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ('{"exitCode":0,"stdout":"ok"}', "ok"),
        ('{"exitCode":1,"stdout":"","stderr":"no"}', "no"),
        ('"text"', "text"),
        ("no json", "no json"),
    ],
)
def test_an_output_is_json_in_a_text(output: str, told: str) -> None:
    """Of a shell's, what it wrote is told."""
    found = read_step(AGENT, "postToolUse", CALL | {"tool_output": output})

    assert found.output_summary is not None
    assert told in found.output_summary
    assert "exitCode" not in found.output_summary


def test_a_failure_says_why() -> None:
    """One that its user refused is denied."""
    failed = CALL | {"error_message": "Command failed", "failure_type": "error"}
    refused = CALL | {"error_message": "no", "failure_type": "permission_denied"}
    stopped = failed | {"is_interrupt": True}
    found = [read_step(AGENT, "postToolUseFailure", each) for each in (failed, refused, stopped)]

    assert [(each.phase, each.status, each.error) for each in found] == [
        (Phase.END, "error", "Command failed"),
        (Phase.DENIED, None, "no"),
        (Phase.END, "cancelled", "Command failed"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        "beforeShellExecution", "afterShellExecution", "beforeMCPExecution", "afterMCPExecution",
        "beforeReadFile", "afterFileEdit", "afterAgentResponse", "preCompact", "PostToolBatch",
    ],
)  # fmt: skip
def test_what_speaks_of_a_call_without_its_id_keeps_nothing(event: str) -> None:
    """The generic events tell of the same call."""
    assert read(AGENT, event, CALL) == ()


def test_an_mcp_call_is_known_by_its_prefix() -> None:
    """Its server is not said with the id of the call."""
    found = read_step(AGENT, "preToolUse", CALL | {"tool_name": "MCP:add"})

    assert (found.trace_type, found.name, found.source) == ("mcp", "add", None)


@pytest.mark.parametrize(
    ("own", "claudes", "differs"),
    [
        ("preToolUse", "PreToolUse", {}),
        ("postToolUse", "PostToolUse", {"tool_response": "ok", "duration_ms": 40}),
        ("postToolUseFailure", "PostToolUseFailure", {"error": "no"}),
    ],
)
def test_a_call_told_in_both_shapes_is_one(own: str, claudes: str, differs: dict[str, Any]) -> None:
    """It loads Claude Code's hook files; both say the same of the call, under the same id."""
    of_own = {"tool_output": '"ok"', "duration": 40}
    if own == "postToolUseFailure":
        of_own = {"error_message": "no"}
    first, second = CALL | of_own, CALL | {"session_id": "c"} | differs

    assert read(AGENT, own, first) == read(AGENT, claudes, second)
    assert read_step(AGENT, own, first).call_id == read_step(AGENT, claudes, second).call_id
    assert cursor.event_id(own, first) == cursor.event_id(claudes, second) == f"{claudes}:tu-1"


def test_a_generation_is_a_prompt() -> None:
    """Told in both shapes it has one id."""
    prompt = {"generation_id": "g", "prompt": "Do it"}

    assert read(AGENT, "beforeSubmitPrompt", prompt) == (PromptSubmitted("g", "user", "Do it"),)
    assert read(AGENT, "stop", {"generation_id": "g"}) == (PromptEnded("g"),)
    assert cursor.event_id("beforeSubmitPrompt", prompt) == cursor.event_id(
        "UserPromptSubmit", prompt
    )


def test_a_sub_agent_is_known_by_its_id_alone() -> None:
    """Without one nobody knows which it is."""
    known = {"subagent_id": "s1", "subagent_type": "explore", "generation_id": "g"}

    assert read(AGENT, "subagentStart", known) == (AgentStarted("s1", "explore", "g"),)
    assert read(AGENT, "subagentStop", known) == (AgentEnded("s1", "explore"),)
    assert read(AGENT, "subagentStop", {"subagent_type": "explore"}) == ()


def test_a_session_starts_and_ends() -> None:
    """With the reason that it gives."""
    assert read(AGENT, "sessionStart", {}) == (SessionStarted(continues=False),)
    assert read(AGENT, "sessionEnd", {"reason": "completed"}) == (SessionEnded("completed"),)
