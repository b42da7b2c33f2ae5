"""Copilot CLI's payloads, in both of their spellings."""

from typing import Any

import pytest
from support.adapters import AT, read, read_step

from traced.agents import copilot_cli
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    PermissionAsked,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
)

AGENT = "copilot-cli"
CAMEL: dict[str, Any] = {"toolName": "bash", "toolArgs": {"command": "npm test"}}
PASCAL: dict[str, Any] = {"tool_name": "Bash", "tool_input": {"command": "npm test"}}


@pytest.mark.parametrize(
    ("before", "after", "call"),
    [("preToolUse", "postToolUse", CAMEL), ("PreToolUse", "PostToolUse", PASCAL)],
)
def test_a_call_begins_and_ends_under_one_key(
    before: str, after: str, call: dict[str, Any]
) -> None:
    """In either spelling; it has no id."""
    start, end = read_step(AGENT, before, call), read_step(AGENT, after, call)

    assert (start.phase, start.started_at, start.input_summary) == (Phase.START, AT, "npm test")
    assert (end.phase, end.ended_at, end.status) == (Phase.END, AT, "ok")
    assert start.match_key == end.match_key is not None
    assert (start.call_id, end.call_id) == (None, None)


def test_arguments_may_be_json_in_a_text() -> None:
    """They are the same call."""
    told = read_step(AGENT, "preToolUse", CAMEL | {"toolArgs": '{"command":"npm test"}'})
    broken = read_step(AGENT, "preToolUse", CAMEL | {"toolArgs": "npm test"})

    assert told == read_step(AGENT, "preToolUse", CAMEL)
    assert broken.input_summary == "npm test"


@pytest.mark.parametrize(
    ("kind", "status"),
    [("success", "ok"), ("failure", "error"), ("denied", "denied"), ("rejected", "denied")],
)
@pytest.mark.parametrize(
    ("event", "call", "result", "text"),
    [
        ("postToolUse", CAMEL, ("toolResult", "resultType"), "textResultForLlm"),
        ("PostToolUse", PASCAL, ("tool_result", "result_type"), "text_result_for_llm"),
    ],
)
def test_a_result_says_how_it_ended(
    kind: str, status: str, event: str, call: dict[str, Any], result: tuple[str, str], text: str
) -> None:
    """Its text is the output, or why there is none."""
    found = read_step(AGENT, event, call | {result[0]: {result[1]: kind, text: "told"}})
    told = (found.output_summary, found.error)

    assert found.status == status
    assert told == (("told", None) if status == "ok" else (None, "told"))


@pytest.mark.parametrize("error", ["exit code 1", {"message": "exit code 1", "name": "Error"}])
def test_a_failure_says_why(error: object) -> None:
    """As a text or as an object with one."""
    found = read_step(AGENT, "postToolUseFailure", CAMEL | {"error": error})

    assert (found.status, found.error) == ("error", "exit code 1")


def test_a_permission_request_has_the_key_of_its_call() -> None:
    """So it finds it."""
    (asked,) = read(AGENT, "permissionRequest", CAMEL)

    assert asked == PermissionAsked(read_step(AGENT, "preToolUse", CAMEL).match_key or 0)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ({"toolName": "task", "toolArgs": {"agent_type": "explore"}}, ("agent", "explore", None)),
        ({"toolName": "skill", "toolArgs": {"skill": "greet"}}, ("skill", "greet", None)),
        ({"tool_name": "mcp__demo__add", "tool_input": {}}, ("mcp", "add", "demo")),
        (CAMEL, ("tool", "bash", None)),
    ],
)
def test_its_tools_are_told_by_their_kind(call: dict[str, Any], what: tuple[object, ...]) -> None:
    """Under its own names or Claude Code's."""
    found = read_step(AGENT, "preToolUse", call)

    assert (found.trace_type, found.name, found.source) == what


def test_prompts_have_no_id() -> None:
    """Each is the next."""
    for event in ("userPromptSubmitted", "UserPromptSubmit"):
        assert read(AGENT, event, {"prompt": "Do it"}) == (PromptSubmitted(None, "user", "Do it"),)
    for event in ("agentStop", "Stop"):
        assert read(AGENT, event, {}) == (PromptEnded(None),)


def test_a_sub_agent_is_known_by_its_id_alone() -> None:
    """Of its start only its name is told."""
    camel = {"agentId": "a-1", "agentType": "explore"}

    assert read(AGENT, "subagentStop", camel) == (AgentEnded("a-1", "explore"),)
    assert read(AGENT, "SubagentStop", {"agent_id": "a-1"}) == (AgentEnded("a-1", None),)
    assert read(AGENT, "subagentStop", {"agentName": "explore"}) == ()
    assert read(AGENT, "subagentStart", {"agentName": "explore"}) == ()


def test_a_session_starts_and_ends() -> None:
    """In either spelling."""
    for start, end in (("sessionStart", "sessionEnd"), ("SessionStart", "SessionEnd")):
        assert read(AGENT, start, {"source": "new"}) == (SessionStarted(continues=False),)
        assert read(AGENT, end, {"reason": "complete"}) == (SessionEnded("complete"),)


@pytest.mark.parametrize(
    "event", ["errorOccurred", "preCompact", "notification", "userPromptTransformed"]
)
def test_other_events_keep_nothing(event: str) -> None:
    """They are no steps, and change none."""
    assert read(AGENT, event, CAMEL) == ()


def test_its_own_time_makes_an_event_unique() -> None:
    """As a number or as a text; without one nobody can tell."""
    first, second = CAMEL | {"timestamp": 1}, CAMEL | {"timestamp": 2}

    assert copilot_cli.event_id("preToolUse", first) == copilot_cli.event_id(
        "preToolUse", dict(first)
    )
    assert copilot_cli.event_id("preToolUse", first) != copilot_cli.event_id("preToolUse", second)
    assert copilot_cli.event_id("preToolUse", CAMEL) is None


def test_a_sub_agent_speaks_in_the_words_of_the_agent() -> None:
    """Its prompt is its start and its stop its end; its launcher, if the agent, has no name."""
    who = {"session_id": "s", "agent_id": "a", "agent_type": "explore", "parent_agent_id": "s"}
    call = {"tool_name": "Bash", "tool_input": {"command": "ls"}}
    prompt = read(AGENT, "UserPromptSubmit", who | {"prompt": "Look"})
    first = read_step(AGENT, "PreToolUse", who | call)
    nested = read_step(AGENT, "PreToolUse", who | call | {"parent_agent_id": "b"})

    assert prompt == (AgentStarted("a", "explore", None),)
    assert read(AGENT, "Stop", who) == (AgentEnded("a", "explore"),)
    assert (first.agent_id, first.agent_type, first.parent_agent_id) == ("a", "explore", None)
    assert nested.parent_agent_id == "b"
