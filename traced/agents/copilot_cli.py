"""
Copilot CLI's hook payloads, as changes, in both of their spellings.

Law: as Claude Code's but for names. Its calls and prompts have no ids: who calls which tool with
what input stands for a call's, and each prompt is the next. Times are its own. A sub-agent speaks
in the same words as the agent: that it got a prompt is its start. Facts: recordings of 1.0.102,
and for the first spelling its documentation.
"""

from collections.abc import Callable
from typing import Final

from traced.agents.fields import (
    Payload,
    digest,
    identity,
    mapping,
    match_key,
    name,
    required,
    text,
)
from traced.agents.tools import classify
from traced.core.capture import Capture
from traced.core.errors import Malformed
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Change,
    EndStatus,
    PermissionAsked,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)
from traced.core.json_text import decode_json

Changes = tuple[Change, ...]

# A hook that is subscribed to under the first kind of name gets keys of the first kind.
EVENTS: Final = {
    "preToolUse": "PreToolUse",
    "postToolUse": "PostToolUse",
    "postToolUseFailure": "PostToolUseFailure",
    "permissionRequest": "PermissionRequest",
    "userPromptSubmitted": "UserPromptSubmit",
    "agentStop": "Stop",
    "subagentStop": "SubagentStop",
    "sessionStart": "SessionStart",
    "sessionEnd": "SessionEnd",
}
KEYS: Final = {
    "toolName": "tool_name",
    "toolArgs": "tool_input",
    "toolResult": "tool_result",
    "agentId": "agent_id",
    "agentType": "agent_type",
}
# The names of its own tools, where Claude Code has another for the same kind of step.
TOOLS: Final = {"task": "Task", "skill": "Skill"}
STATUS: Final[dict[str, EndStatus]] = {
    "success": "ok",
    "denied": "denied",
    "rejected": "denied",
}


def changes(event: str, payload: Payload, at: int, capture: Capture) -> Changes:
    """
    Return what one hook event at `at` (Unix ms) says; nothing for events that keep nothing.

    Raises:
        Malformed: If a call lacks its tool's name.
    """
    reader = READERS.get(EVENTS.get(event, event))
    return () if reader is None else reader(_spelled(payload), at, capture)


def event_id(event: str, payload: Payload) -> str | None:
    """Return an id that is the same for the same event: each payload has the agent's own time."""
    return None if payload.get("timestamp") is None else f"{event}:{digest(payload)}"


def _spelled(payload: Payload) -> Payload:
    """Return the payload with the keys of the second kind."""
    return {KEYS.get(key, key): value for key, value in payload.items()}


def _input(payload: Payload) -> object:
    # Older versions wrote the arguments as JSON in a text.
    told = text(payload, "tool_input")
    if told is None:
        return payload.get("tool_input")
    try:
        return decode_json(told.encode("utf-8", "replace"))
    except Malformed:
        return told


def _match_key(payload: Payload) -> int:
    return match_key(identity(payload, "agent_id"), required(payload, "tool_name"), _input(payload))


def _call(payload: Payload, capture: Capture, phase: Phase) -> StepChange:
    tool_name, tool_input = required(payload, "tool_name"), _input(payload)
    given = tool_input if isinstance(tool_input, dict) else {}
    tool = classify(TOOLS.get(tool_name, tool_name), given)
    return StepChange(
        phase=phase,
        trace_type=tool.trace_type,
        name=capture.label(tool.name),
        source=capture.optional_label(tool.source),
        agent_id=identity(payload, "agent_id"),
        agent_type=capture.optional_label(name(payload, "agent_type")),
        parent_agent_id=_parent(payload),
        input_summary=capture.tool_input(tool_name, tool_input),
        input=capture.whole(tool_input),
        match_key=_match_key(payload),
    )


def _parent(payload: Payload) -> str | None:
    """Return the sub-agent that launched who speaks; the agent itself goes by its session's id."""
    parent = identity(payload, "parent_agent_id")
    return None if parent == payload.get("session_id") else parent


def _pre_tool_use(payload: Payload, at: int, capture: Capture) -> Changes:
    step = _call(payload, capture, Phase.START)
    step.started_at = at
    return (step,)


def _post_tool_use(payload: Payload, at: int, capture: Capture) -> Changes:
    step = _call(payload, capture, Phase.END)
    step.ended_at = at
    result = mapping(payload, "tool_result")
    kind = text(result, "resultType") or text(result, "result_type")
    said = text(result, "textResultForLlm") or text(result, "text_result_for_llm")
    step.status = "ok" if kind is None else STATUS.get(kind, "error")
    step.output = capture.whole(payload.get("tool_result"))
    told = capture.value(said or payload.get("tool_result"))
    if step.status == "ok":
        step.output_summary = told
    else:
        step.error = told
    return (step,)


def _post_tool_use_failure(payload: Payload, at: int, capture: Capture) -> Changes:
    step = _call(payload, capture, Phase.END)
    step.ended_at = at
    step.status = "error"
    error = payload.get("error")
    said = text(error, "message") if isinstance(error, dict) else None
    step.error = capture.value(said or error)
    return (step,)


def _permission_request(payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (PermissionAsked(_match_key(payload)),)


def _user_prompt_submit(payload: Payload, _at: int, capture: Capture) -> Changes:
    if (agent_id := identity(payload, "agent_id")) is not None:
        kind = capture.optional_label(name(payload, "agent_type"))
        return (AgentStarted(agent_id, kind, None),)
    return (PromptSubmitted(None, "user", capture.value(text(payload, "prompt"))),)


def _stop(payload: Payload, at: int, capture: Capture) -> Changes:
    return _subagent_stop(payload, at, capture) or (PromptEnded(None),)


def _subagent_stop(payload: Payload, _at: int, capture: Capture) -> Changes:
    agent_id = identity(payload, "agent_id")
    if agent_id is None:
        return ()  # which one is not said
    return (AgentEnded(agent_id, capture.optional_label(name(payload, "agent_type"))),)


def _session_start(_payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (SessionStarted(continues=False),)


def _session_end(payload: Payload, _at: int, capture: Capture) -> Changes:
    return (SessionEnded(capture.optional_label(name(payload, "reason"))),)


READERS: Final[dict[str, Callable[[Payload, int, Capture], Changes]]] = {
    "PreToolUse": _pre_tool_use,
    "PostToolUse": _post_tool_use,
    "PostToolUseFailure": _post_tool_use_failure,
    "PermissionRequest": _permission_request,
    "UserPromptSubmit": _user_prompt_submit,
    "Stop": _stop,
    "SubagentStop": _subagent_stop,
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
}
