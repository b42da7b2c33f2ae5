"""Gemini CLI's payloads: calls without ids, times of its own."""

from typing import Any

import pytest
from support.adapters import AT, read, read_step
from support.recorded import scenarios

from traced.agents import gemini_cli
from traced.core.errors import Malformed
from traced.core.event import Phase, PromptEnded, PromptSubmitted, SessionEnded, SessionStarted

CALL: dict[str, Any] = {
    "timestamp": "2026-11-22T14:40:43.691Z", "tool_name": "run_shell_command",
    "tool_input": {"command": "ls", "description": "List"},
}  # fmt: skip
MCP: dict[str, Any] = CALL | {
    "tool_name": "mcp_demo_add", "mcp_context": {"server_name": "demo", "tool_name": "add"}
}  # fmt: skip
AGENT = "gemini-cli"


def ended(response: object, **said: Any) -> Any:
    """Return the end of a call that was answered so."""
    return read_step(AGENT, "AfterTool", CALL | {"tool_response": response} | said)


def test_a_call_begins_and_ends_under_one_key() -> None:
    """It has no id; what it was asked and by whom stands for one."""
    start, end = read_step(AGENT, "BeforeTool", CALL), ended({"llmContent": "a"})

    assert (start.phase, start.started_at, start.ended_at) == (Phase.START, AT, None)
    assert (end.phase, end.started_at, end.ended_at) == (Phase.END, None, AT)
    assert start.match_key == end.match_key is not None
    assert (start.call_id, end.call_id, end.status) == (None, None, "ok")
    assert (start.name, start.input_summary) == ("run_shell_command", "ls")


def test_another_input_is_another_key() -> None:
    """So parallel calls are told apart."""
    other = CALL | {"tool_input": {"command": "pwd"}}

    assert (
        read_step(AGENT, "BeforeTool", CALL).match_key
        != read_step(AGENT, "BeforeTool", other).match_key
    )


def test_an_mcp_call_is_known_by_its_context() -> None:
    """Its own name joins server and tool so that they cannot be told apart."""
    found = read_step(AGENT, "BeforeTool", MCP)

    assert (found.trace_type, found.name, found.source) == ("mcp", "add", "demo")


@pytest.mark.parametrize("tool", ["invoke_agent", "delegate_to_agent"])
def test_a_launch_is_told_by_whom_it_launched(tool: str) -> None:
    """Without a name by the tool's own."""
    asked = {"agent_name": "generalist", "prompt": "Look around"}
    found = read_step(AGENT, "BeforeTool", CALL | {"tool_name": tool, "tool_input": asked})
    nameless = read_step(AGENT, "BeforeTool", CALL | {"tool_name": tool, "tool_input": "x"})

    assert (found.trace_type, found.name) == ("agent", "generalist")
    assert found.input_summary == "Look around"
    assert (nameless.trace_type, nameless.name) == ("agent", tool)


@pytest.mark.parametrize("context", [None, [], {}, {"server_name": "demo"}, {"tool_name": "add"}])
def test_half_a_context_is_none(context: object) -> None:
    """Then it is a tool under its own name."""
    found = read_step(AGENT, "BeforeTool", MCP | {"mcp_context": context})

    assert (found.trace_type, found.name, found.source) == ("tool", "mcp_demo_add", None)


def test_an_error_of_the_response_is_the_calls() -> None:
    """Its message is told; there is no other event for it."""
    found = ended({"llmContent": "no", "error": {"message": "File not found", "type": "x"}})

    assert (found.status, found.error, found.output_summary) == ("error", "File not found", None)


@pytest.mark.parametrize(
    ("response", "told"),
    [
        ({"llmContent": "for the model", "returnDisplay": "for the user"}, "for the user"),
        ({"llmContent": "# Demo\n", "returnDisplay": ""}, "# Demo"),
        ({"llmContent": "<untrusted_context>\nsum\n</untrusted_context>"}, "sum"),
        ({"llmContent": [{"text": "<untrusted_context>\nsum\n</untrusted_context>"}]}, "sum"),
        ({"returnDisplay": {"fileDiff": "@@", "isNewFile": True}}, "created"),
        (
            {
                "returnDisplay": {
                    "fileDiff": "@@",
                    "isNewFile": False,
                    "diffStat": {"model_added_lines": 2, "model_removed_lines": 1},
                }
            },
            "updated: +2 -1",
        ),
        ("text", "text"),
        (None, None),
    ],
)
def test_a_result_is_told_as_a_person_wants_to_read_it(response: object, told: str | None) -> None:
    """What the user was shown, else what the model was told, without its wrapping."""
    found = ended(response).output_summary

    assert (found and found.strip()) == told


def test_prompts_have_no_id() -> None:
    """Each is the next."""
    assert read(AGENT, "BeforeAgent", {"prompt": "Do it"}) == (
        PromptSubmitted(None, "user", "Do it"),
    )
    assert read(AGENT, "AfterAgent", {"prompt": "Do it"}) == (PromptEnded(None),)


def test_a_session_starts_and_ends() -> None:
    """However it starts, what ran before is over."""
    for source in ("startup", "resume", "clear"):
        assert read(AGENT, "SessionStart", {"source": source}) == (SessionStarted(continues=False),)
    assert read(AGENT, "SessionEnd", {"reason": "exit"}) == (SessionEnded("exit"),)


@pytest.mark.parametrize(
    "event", ["PreCompress", "BeforeModel", "AfterModel", "BeforeToolSelection", "Notification"]
)
def test_what_speaks_of_the_model_alone_keeps_nothing(event: str) -> None:
    """There are four and more of these in each turn."""
    assert read(AGENT, event, CALL | {"llm_request": {"model": "m"}}) == ()


def test_a_call_without_a_tool_is_refused() -> None:
    """Nobody knows what ran."""
    with pytest.raises(Malformed, match="tool_name is missing"):
        read(AGENT, "BeforeTool", {"tool_input": {}})


def test_its_own_time_makes_an_event_unique() -> None:
    """Two parallel calls are two; the same event twice is one."""
    [scenario] = [each for each in scenarios(AGENT) if each.path.stem.startswith("basic")]
    later = CALL | {"timestamp": "2026-11-22T14:40:43.692Z"}

    assert gemini_cli.event_id("BeforeTool", CALL) == gemini_cli.event_id("BeforeTool", dict(CALL))
    assert gemini_cli.event_id("BeforeTool", CALL) != gemini_cli.event_id("BeforeTool", later)
    assert gemini_cli.event_id("BeforeTool", {"tool_name": "a"}) is None
    assert len(set(scenario.payloads)) == len(scenario.payloads)
    assert gemini_cli.model("BeforeTool", CALL) is None
