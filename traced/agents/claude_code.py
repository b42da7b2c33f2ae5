"""
Claude Code's hook payloads, versions 1.0 to 2.1, as changes.

Law: nothing is invented. 2.0 sends no prompt id, no duration and no sub-agent on its tool events;
then those stay null. 1.0 and the first of 2.0 send no call id either: then start and end pair on
who called which tool with what input. Facts: the payloads in tests/fixtures/claude-code.
"""

from collections.abc import Callable
from typing import Final

from traced.agents.claude_code_results import readable
from traced.agents.fields import (
    Payload,
    digest,
    identity,
    mapping,
    match_key,
    name,
    number,
    required,
    required_identity,
    text,
)
from traced.agents.tools import Tool, classify
from traced.core.capture import Capture
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Change,
    EndStatus,
    ModelChanged,
    PermissionAsked,
    Phase,
    PromptEnded,
    PromptSource,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)

Changes = tuple[Change, ...]

ERROR_OPEN: Final = "<tool_use_error>"
ERROR_CLOSE: Final = "</tool_use_error>"
NOTIFICATION: Final = "<task-notification>"
# Who submitted a prompt, where a version says so; any other value means a person.
OWN_SOURCES: Final = frozenset({"system", "loop_wakeup"})
# What 1.0 tells of a call; the versions that tell more of it give it an id.
PAIRED_WITHOUT_ID: Final = frozenset({Phase.START, Phase.END})
# A skill with `context: fork` runs in a sub-agent of its own, which its response names.
LAUNCHING: Final = frozenset({"agent", "skill"})
CALL_EVENTS: Final = frozenset(
    {"PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionDenied"}
)


def changes(event: str, payload: Payload, at: int, capture: Capture) -> Changes:
    """
    Return what one hook event at `at` (Unix ms) says; nothing for events that keep nothing.

    Raises:
        Malformed: If a call, a sub-agent or a prompt lacks what identifies it.
    """
    reader = READERS.get(event)
    return () if reader is None else reader(payload, at, capture)


def event_id(event: str, payload: Payload) -> str | None:
    """Return an id that is the same for the same event, where the payload is unique, else None."""
    if event in CALL_EVENTS:
        call_id = identity(payload, "tool_use_id")
        return None if call_id is None else f"{event}:{call_id}"
    prompt_id = identity(payload, "prompt_id")
    if prompt_id is None:
        return None
    if event == "UserPromptSubmit":
        return f"{event}:{prompt_id}:{digest(payload.get('prompt'))}"
    if event == "UserPromptExpansion":
        command = digest(payload.get("command_name"), payload.get("command_args"))
        return f"{event}:{prompt_id}:{command}"
    return None


def model(event: str, payload: Payload) -> str | None:
    """Return the model that the session has from this event on, where it says."""
    return name(payload, "to_model" if event == "PostModelSwitch" else "model")


def _call(payload: Payload, capture: Capture, phase: Phase, tool: Tool) -> StepChange:
    tool_input = payload.get("tool_input")
    call_id = _call_id(payload, phase)
    return StepChange(
        phase=phase,
        trace_type=tool.trace_type,
        name=capture.label(tool.name),
        source=capture.optional_label(tool.source),
        call_id=call_id,
        agent_id=identity(payload, "agent_id"),
        agent_type=capture.optional_label(name(payload, "agent_type")),
        prompt_id=identity(payload, "prompt_id"),
        input_summary=capture.tool_input(required(payload, "tool_name"), tool_input),
        input=capture.whole(tool_input),
        match_key=_match_key(payload) if call_id is None or phase is Phase.START else None,
    )


def _call_id(payload: Payload, phase: Phase) -> str | None:
    if phase in PAIRED_WITHOUT_ID and "tool_use_id" not in payload:
        return None
    return required_identity(payload, "tool_use_id")


def _tool(payload: Payload) -> Tool:
    return classify(required(payload, "tool_name"), mapping(payload, "tool_input"))


def _pre_tool_use(payload: Payload, at: int, capture: Capture) -> Changes:
    step = _call(payload, capture, Phase.START, _tool(payload))
    step.started_at = at
    return (step,)


def _post_tool_use(payload: Payload, at: int, capture: Capture) -> Changes:
    tool = _tool(payload)
    step = _call(payload, capture, Phase.END, tool)
    response = payload.get("tool_response")
    step.status = "ok"
    step.ended_at = at
    step.duration_ms = number(payload, "duration_ms")
    step.output_summary = capture.value(readable(required(payload, "tool_name"), response))
    step.output = capture.whole(response)
    if tool.trace_type in LAUNCHING and isinstance(response, dict):
        step.child_agent_id = identity(response, "agentId")
        step.child_agent_type = capture.optional_label(name(response, "agentType"))
    return (step,)


def _post_tool_use_failure(payload: Payload, at: int, capture: Capture) -> Changes:
    step = _call(payload, capture, Phase.END, _tool(payload))
    status: EndStatus = "cancelled" if payload.get("is_interrupt") is True else "error"
    step.status = status
    step.ended_at = at
    step.duration_ms = number(payload, "duration_ms")
    step.error = capture.value(payload.get("error"))
    return (step,)


def _permission_denied(payload: Payload, at: int, capture: Capture) -> Changes:
    step = _call(payload, capture, Phase.DENIED, _tool(payload))
    step.ended_at = at
    step.error = capture.value(payload.get("reason"))
    return (step,)


def _post_tool_batch(payload: Payload, at: int, capture: Capture) -> Changes:
    calls = payload.get("tool_calls")
    shared = {key: payload.get(key) for key in ("agent_id", "agent_type", "prompt_id")}
    return tuple(
        _batch_entry(shared | call, at, capture)
        for call in (calls if isinstance(calls, list) else [])
        if isinstance(call, dict)
    )


def _batch_entry(payload: Payload, at: int, capture: Capture) -> StepChange:
    step = _call(payload, capture, Phase.BATCH, _tool(payload))
    step.ended_at = at
    response = payload.get("tool_response")
    if isinstance(response, str) and response.startswith(ERROR_OPEN):
        step.status = "error"
        step.error = capture.value(response.removeprefix(ERROR_OPEN).replace(ERROR_CLOSE, ""))
    else:
        step.output_summary = capture.value(response)
        step.output = capture.whole(response)
    return step


def _permission_request(payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (PermissionAsked(_match_key(payload)),)


def _user_prompt_submit(payload: Payload, _at: int, capture: Capture) -> Changes:
    if identity(payload, "agent_id") is not None:
        return ()
    prompt = text(payload, "prompt")
    own = text(payload, "source") in OWN_SOURCES or (prompt or "").lstrip().startswith(NOTIFICATION)
    source: PromptSource = "agent" if own else "user"
    return (PromptSubmitted(identity(payload, "prompt_id"), source, capture.value(prompt)),)


def _user_prompt_expansion(payload: Payload, at: int, capture: Capture) -> Changes:
    return (
        StepChange(
            phase=Phase.END,
            trace_type="command",
            name=capture.label(required(payload, "command_name")),
            source=capture.optional_label(name(payload, "command_source")),
            status="ok",
            prompt_id=identity(payload, "prompt_id"),
            input_summary=capture.value(payload.get("command_args")),
            started_at=at,
        ),
    )


def _prompt_ended(payload: Payload, _at: int, _capture: Capture) -> Changes:
    if identity(payload, "agent_id") is not None:
        return ()
    return (PromptEnded(identity(payload, "prompt_id")),)


def _stop_failure(payload: Payload, at: int, capture: Capture) -> Changes:
    # A sub-agent that the API fails has no SubagentStop.
    if identity(payload, "agent_id") is not None:
        return (_agent_ended(payload, capture, failed=True),)
    return _prompt_ended(payload, at, capture)


def _subagent_start(payload: Payload, _at: int, capture: Capture) -> Changes:
    agent_type = capture.optional_label(name(payload, "agent_type"))
    return (
        AgentStarted(
            required_identity(payload, "agent_id"), agent_type, identity(payload, "prompt_id")
        ),
    )


def _subagent_stop(payload: Payload, _at: int, capture: Capture) -> Changes:
    if "agent_id" not in payload:  # 1.0 does not say whose end it is
        return ()
    return (_agent_ended(payload, capture),)


def _agent_ended(payload: Payload, capture: Capture, *, failed: bool = False) -> AgentEnded:
    agent_type = capture.optional_label(name(payload, "agent_type"))
    return AgentEnded(required_identity(payload, "agent_id"), agent_type, failed)


def _session_start(payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (SessionStarted(continues=payload.get("source") == "compact"),)


def _session_end(payload: Payload, _at: int, capture: Capture) -> Changes:
    return (SessionEnded(capture.optional_label(name(payload, "reason"))),)


def _post_model_switch(_payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (ModelChanged(),)


def _match_key(payload: Payload) -> int:
    tool_name, agent_id = required(payload, "tool_name"), identity(payload, "agent_id")
    return match_key(agent_id, tool_name, payload.get("tool_input"))


Reader = Callable[[Payload, int, Capture], Changes]

READERS: Final[dict[str, Reader]] = {
    "PreToolUse": _pre_tool_use,
    "PostToolUse": _post_tool_use,
    "PostToolUseFailure": _post_tool_use_failure,
    "PostToolBatch": _post_tool_batch,
    "PermissionRequest": _permission_request,
    "PermissionDenied": _permission_denied,
    "UserPromptSubmit": _user_prompt_submit,
    "UserPromptExpansion": _user_prompt_expansion,
    "Stop": _prompt_ended,
    "StopFailure": _stop_failure,
    "SubagentStart": _subagent_start,
    "SubagentStop": _subagent_stop,
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
    "PostModelSwitch": _post_model_switch,
}
