"""Claude Code's hook payloads, versions 2.0 and 2.1, as changes."""

from typing import Any

import pytest

from traced.agents import claude_code
from traced.core.capture import Capture
from traced.core.errors import Malformed
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Change,
    ModelChanged,
    PermissionAsked,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)
from traced.core.redact import Redactor

AT = 1_795_356_000_000
CALL = {"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "toolu_1"}
WITHOUT_ID = {key: value for key, value in CALL.items() if key != "tool_use_id"}
INSIDE = {"agent_id": "a1", "agent_type": "explorer", "prompt_id": "p1"}


def read(event: str, payload: dict[str, Any], mode: Any = "summary") -> tuple[Change, ...]:
    return claude_code.changes(event, payload, AT, Capture(mode, Redactor()))


def only_step(event: str, payload: dict[str, Any], mode: Any = "summary") -> StepChange:
    (step,) = read(event, payload, mode)
    assert isinstance(step, StepChange)
    return step


@pytest.mark.parametrize("event", ["Setup", "MessageDisplay", "preToolUse", "OfTomorrow", ""])
def test_unknown_events_keep_nothing(event: str) -> None:
    """They are counted, not taken for something else."""
    assert read(event, CALL) == ()
    assert claude_code.event_id(event, CALL | {"prompt_id": "p"}) is None


def test_a_call_starts() -> None:
    """PreToolUse is a start at the time of its event."""
    step = only_step("PreToolUse", CALL | INSIDE)

    assert (step.phase, step.started_at, step.ended_at) == (Phase.START, AT, None)
    assert (step.trace_type, step.name, step.call_id) == ("tool", "Bash", "toolu_1")
    assert (step.agent_id, step.agent_type, step.prompt_id) == ("a1", "explorer", "p1")
    assert step.input_summary == "ls"


def test_a_call_ends() -> None:
    """PostToolUse is an end with the agent's own duration."""
    response = {"stdout": "a.py", "stderr": ""}
    step = only_step("PostToolUse", CALL | {"tool_response": response, "duration_ms": 12})

    assert (step.phase, step.status, step.ended_at) == (Phase.END, "ok", AT)
    assert (step.duration_ms, step.output_summary, step.started_at) == (12.0, "a.py", None)


def test_a_version_without_durations_has_none() -> None:
    """2.0 sends no duration_ms: nothing is invented."""
    assert only_step("PostToolUse", CALL).duration_ms is None


def test_a_version_without_call_ids_has_keys() -> None:
    """1.0 sends no tool_use_id: start and end share who called which tool with what input."""
    start, end = only_step("PreToolUse", WITHOUT_ID), only_step("PostToolUse", WITHOUT_ID)

    assert (start.call_id, end.call_id) == (None, None)
    assert start.match_key == end.match_key is not None
    assert only_step("PostToolUse", CALL).match_key is None
    assert claude_code.event_id("PreToolUse", WITHOUT_ID) is None


@pytest.mark.parametrize(
    ("said", "status"),
    [({}, "error"), ({"is_interrupt": True}, "cancelled"), ({"is_interrupt": False}, "error")],
)
def test_a_call_fails(said: dict[str, Any], status: str) -> None:
    """PostToolUseFailure is an error, or a cancellation where the user interrupted."""
    step = only_step("PostToolUseFailure", CALL | {"error": "Exit code 3\noops"} | said)

    assert (step.phase, step.status, step.error) == (Phase.END, status, "Exit code 3\noops")


def test_a_call_is_denied() -> None:
    """PermissionDenied tells why."""
    step = only_step("PermissionDenied", CALL | {"reason": "Too risky"})

    assert (step.phase, step.error, step.ended_at) == (Phase.DENIED, "Too risky", AT)


def test_a_batch_speaks_of_each_call() -> None:
    """PostToolBatch acts per call id, with what is said of all of them."""
    entries = [CALL | {"tool_response": "a.py"}, CALL | {"tool_use_id": "toolu_2"}]

    steps = read("PostToolBatch", INSIDE | {"tool_calls": entries})

    assert [
        (step.phase, step.call_id, step.agent_id, step.output_summary)
        for step in steps
        if isinstance(step, StepChange)
    ] == [(Phase.BATCH, "toolu_1", "a1", "a.py"), (Phase.BATCH, "toolu_2", "a1", None)]


def test_a_batch_tells_refused_calls() -> None:
    """A result in <tool_use_error> is an error without its tag."""
    text = "<tool_use_error>Error: No such tool available: X</tool_use_error>"
    (step,) = read("PostToolBatch", {"tool_calls": [CALL | {"tool_response": text}]})

    assert isinstance(step, StepChange)
    assert (step.status, step.error) == ("error", "Error: No such tool available: X")
    assert step.output_summary is None


@pytest.mark.parametrize("calls", [None, {}, "x", [], [5, "x", None]])
def test_a_batch_without_calls_keeps_nothing(calls: object) -> None:
    """What is no list of calls has nothing to tell."""
    assert read("PostToolBatch", {"tool_calls": calls}) == ()


def test_the_result_of_a_launching_call_is_the_link() -> None:
    """The response of Agent names the sub-agent that it launched."""
    call = CALL | {"tool_name": "Agent", "tool_input": {"subagent_type": "reviewer"}}
    response = {"agentId": "a7", "agentType": "reviewer", "status": "async_launched"}

    step = only_step("PostToolUse", call | {"tool_response": response})

    assert (step.trace_type, step.name) == ("agent", "reviewer")
    assert (step.child_agent_id, step.child_agent_type) == ("a7", "reviewer")


def test_a_skill_that_ran_in_a_sub_agent_links_it() -> None:
    """The response of a skill with `context: fork` names the sub-agent, and what it said."""
    response = {"success": True, "status": "forked", "agentId": "a1", "result": "Three files."}
    call = CALL | {"tool_name": "Skill", "tool_input": {"skill": "survey"}}

    step = only_step("PostToolUse", call | {"tool_response": response})

    assert (step.trace_type, step.name, step.child_agent_id) == ("skill", "survey", "a1")
    assert step.output_summary == "Three files."


def test_other_results_are_no_links() -> None:
    """An MCP tool may call something of its own an agentId."""
    assert (
        only_step("PostToolUse", CALL | {"tool_response": {"agentId": "a7"}}).child_agent_id is None
    )


def test_a_permission_request_has_the_key_of_its_call() -> None:
    """It names no call: caller, tool and input tell which."""
    (ask,) = read("PermissionRequest", CALL | INSIDE)

    assert ask == PermissionAsked(only_step("PreToolUse", CALL | INSIDE).match_key or 0)


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ({"prompt": "Do it."}, "user"),
        ({"prompt": "Do it.", "source": "sdk"}, "user"),
        ({"prompt": "Do it.", "source": "of tomorrow"}, "user"),
        ({"prompt": "Do it.", "source": ["system"]}, "user"),
        ({"prompt": "wake up", "source": "loop_wakeup"}, "agent"),
        ({"prompt": "note", "source": "system"}, "agent"),
        ({"prompt": "<task-notification>\n<task-id>b1</task-id>"}, "agent"),
        ({"prompt": "What is a <task-notification>?"}, "user"),
    ],
)
def test_prompts_tell_who_submitted_them(said: dict[str, Any], source: str) -> None:
    """What the agent submits itself is a prompt too, of source agent."""
    (submitted,) = read("UserPromptSubmit", said | {"prompt_id": "p1"})

    assert submitted == PromptSubmitted("p1", source, submitted.summary)  # type: ignore[union-attr, arg-type]


def test_a_command_is_a_step() -> None:
    """A typed slash command is shown where the agent reports its expansion."""
    step = only_step(
        "UserPromptExpansion",
        {
            "command_name": "greet",
            "command_args": "Bob",
            "command_source": "projectSettings",
            "prompt_id": "p1",
        },
    )

    assert (step.phase, step.trace_type, step.name) == (Phase.END, "command", "greet")
    assert (step.source, step.input_summary, step.call_id) == ("projectSettings", "Bob", None)
    assert (step.started_at, step.status, step.prompt_id) == (AT, "ok", "p1")


@pytest.mark.parametrize(
    ("event", "payload", "change"),
    [
        ("Stop", {"prompt_id": "p1"}, PromptEnded("p1")),
        ("Stop", {}, PromptEnded(None)),
        ("StopFailure", {"prompt_id": "p1", "error": "unknown"}, PromptEnded("p1")),
        ("SubagentStart", INSIDE, AgentStarted("a1", "explorer", "p1")),
        ("SubagentStop", INSIDE, AgentEnded("a1", "explorer")),
        ("StopFailure", INSIDE | {"error": "unknown"}, AgentEnded("a1", "explorer", failed=True)),
        ("SubagentStop", {"agent_id": "a1", "agent_type": ""}, AgentEnded("a1", None)),
        ("SessionStart", {"source": "startup"}, SessionStarted(continues=False)),
        ("SessionStart", {"source": "resume"}, SessionStarted(continues=False)),
        ("SessionStart", {"source": "compact"}, SessionStarted(continues=True)),
        ("SessionStart", {}, SessionStarted(continues=False)),
        ("SessionEnd", {"reason": "logout"}, SessionEnded("logout")),
        ("SessionEnd", {}, SessionEnded(None)),
        ("PostModelSwitch", {"to_model": "opus"}, ModelChanged()),
    ],
)
def test_lives_are_told(event: str, payload: dict[str, Any], change: Change) -> None:
    """Sessions, prompts and sub-agents begin and end; that makes no step."""
    assert read(event, payload) == (change,)


@pytest.mark.parametrize("event", ["UserPromptSubmit", "Stop"])
def test_events_inside_a_sub_agent_are_no_prompts(event: str) -> None:
    """Law 5: events with agent_id never make a prompt, nor end one."""
    assert read(event, INSIDE | {"prompt": "Look at the repo."}) == ()


def test_the_end_of_nobody_keeps_nothing() -> None:
    """1.0 does not say which sub-agent stopped."""
    assert read("SubagentStop", {"stop_hook_active": False}) == ()


@pytest.mark.parametrize(
    ("event", "payload", "field"),
    [
        ("PreToolUse", CALL | {"tool_use_id": None}, "tool_use_id"),
        ("PermissionDenied", WITHOUT_ID, "tool_use_id"),
        ("PostToolBatch", {"tool_calls": [WITHOUT_ID]}, "tool_use_id"),
        ("PreToolUse", CALL | {"tool_name": ""}, "tool_name"),
        ("PostToolBatch", {"tool_calls": [{"tool_use_id": "t"}]}, "tool_name"),
        ("PermissionRequest", {"tool_input": {}}, "tool_name"),
        ("SubagentStart", {}, "agent_id"),
        ("SubagentStop", {"agent_id": 5}, "agent_id"),
        ("UserPromptExpansion", {}, "command_name"),
    ],
)
def test_what_identifies_an_event_is_required(
    event: str, payload: dict[str, Any], field: str
) -> None:
    """Without it the event means nothing: the refusal names the field."""
    with pytest.raises(Malformed, match=f"^{field} is "):
        read(event, payload)


def test_the_model_is_told_where_it_is_named() -> None:
    """At the start of a session, and where it is switched."""
    assert claude_code.model("SessionStart", {"model": "opus"}) == "opus"
    assert claude_code.model("PostModelSwitch", {"from_model": "a", "to_model": "b"}) == "b"
    assert claude_code.model("PreModelSwitch", {"from_model": "a", "to_model": "b"}) is None


def test_a_name_out_of_the_input_holds_no_secret() -> None:
    """A skill is named by its caller, who may have put anything there."""
    call = {"tool_use_id": "t1", "tool_name": "Skill", "tool_input": {"skill": "PASSWORD=hunter2"}}

    assert only_step("PreToolUse", call).name == "PASSWORD=[redacted]"
