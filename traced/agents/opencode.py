"""
What OpenCode tells its plugins, as changes.

Law: a call is told twice, by the hooks around it and by the part of the message that shows it;
both have its id and meet in one step. A sub-agent is a session of its own there; our plugin says
below which, so that it is a sub-agent here. Facts: recordings of 1.18.33, and the types that its
plugin package publishes.
"""

from collections.abc import Callable
from typing import Final

from traced.agents.fields import Payload, identity, mapping, name, number, required, text
from traced.agents.fields import required_identity as call_id_of
from traced.agents.shape import LINEAGE
from traced.agents.tools import MCP_PREFIX, classify
from traced.core.capture import Capture
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Change,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)

Changes = tuple[Change, ...]

# The names of its own tools, where Claude Code has another for the same kind of step.
TOOLS: Final = {"task": "Task", "skill": "Skill"}
PART: Final = "message.part.updated"
# What it runs in place of a tool that it does not have, or whose arguments do not fit.
INVALID: Final = "invalid"


def changes(event: str, payload: Payload, at: int, capture: Capture) -> Changes:
    """
    Return what one hook or event at `at` (Unix ms) says; nothing for those that keep nothing.

    Raises:
        Malformed: If a call lacks its id or its tool's name.
    """
    reader = READERS.get(event)
    return () if reader is None else reader(payload, at, capture)


def event_id(event: str, payload: Payload) -> str | None:
    """Return an id that is the same for the same event, where the payload is unique, else None."""
    told = mapping(payload, "input")
    if event == PART:
        part = _part(payload)
        call_id, status = identity(part, "callID"), name(mapping(part, "state"), "status")
        return None if call_id is None or status is None else f"{event}:{call_id}:{status}"
    if event.startswith("tool.execute."):
        call_id = identity(told, "callID")
        return None if call_id is None else f"{event}:{call_id}"
    if event == "chat.message":
        known = _message_id(payload)
    else:
        known = identity(mapping(told, "event"), "id")
    return None if known is None else f"{event}:{known}"


def model(event: str, payload: Payload) -> str | None:
    """Return the model that the user's message is for."""
    if event != "chat.message" or _sub_agent(payload) is not None:
        return None
    told, sent = mapping(payload, "input"), mapping(mapping(payload, "output"), "message")
    return name(mapping(told, "model"), "modelID") or name(mapping(sent, "model"), "modelID")


def _about(payload: Payload) -> Payload:
    return mapping(mapping(mapping(payload, "input"), "event"), "properties")


def _part(payload: Payload) -> Payload:
    return mapping(_about(payload), "part")


def _lineage(payload: Payload) -> list[str]:
    """Return the ids of the sub-agents down to the one that this is about; of the agent, none."""
    lineage = payload.get(LINEAGE)
    sessions = lineage if isinstance(lineage, list) else []
    return [agent_id for each in sessions[1:] if (agent_id := identity({"id": each}, "id"))]


def _sub_agent(payload: Payload) -> str | None:
    lineage = _lineage(payload)
    return lineage[-1] if lineage else None


def _call(
    payload: Payload, told: Payload, tool_input: object, capture: Capture, phase: Phase
) -> StepChange:
    tool_name = required(told, "tool")
    given = tool_input if isinstance(tool_input, dict) else {}
    if tool_name == INVALID and name(given, "tool"):
        tool_name = required(given, "tool")
        tool_input = None  # what the model gave is not told; the error stands in its place
    server = name(payload, "mcp_server")
    own_name = tool_name.removeprefix(f"{server}_") if server else ""
    if own_name not in {"", tool_name}:
        tool = classify(f"{MCP_PREFIX}{server}__{own_name}", given)
    elif tool_name == "skill":
        tool = classify(TOOLS[tool_name], {"skill": given.get("name")})
    else:
        tool = classify(TOOLS.get(tool_name, tool_name), given)
    lineage = _lineage(payload)
    return StepChange(
        phase=phase,
        trace_type=tool.trace_type,
        name=capture.label(tool.name),
        call_id=call_id_of(told, "callID"),
        source=capture.optional_label(tool.source),
        agent_id=lineage[-1] if lineage else None,
        parent_agent_id=lineage[-2] if len(lineage) > 1 else None,
        input_summary=capture.tool_input(tool_name, tool_input),
        input=capture.whole(tool_input),
    )


def _before(payload: Payload, at: int, capture: Capture) -> Changes:
    given = mapping(payload, "output").get("args")
    step = _call(payload, mapping(payload, "input"), given, capture, Phase.START)
    step.started_at = at
    return (step,)


def _after(payload: Payload, at: int, capture: Capture) -> Changes:
    told, said = mapping(payload, "input"), mapping(payload, "output")
    step = _call(payload, told, told.get("args"), capture, Phase.END)
    step.ended_at = at
    _put_outcome(step, told, said, capture)
    return (step,)


def _part_updated(payload: Payload, at: int, capture: Capture) -> Changes:
    part = _part(payload)
    state = mapping(part, "state")
    phase = PHASES.get(text(state, "status") or "")
    if part.get("type") != "tool" or phase is None:
        return ()
    step = _call(payload, part, state.get("input"), capture, phase)
    times = mapping(state, "time")
    step.started_at = _time(times, "start", at)
    if step.trace_type == "agent":
        step.child_agent_id = identity(mapping(state, "metadata"), "sessionId")
    if phase is Phase.START:
        return (step,)
    step.ended_at = _time(times, "end", at)
    if state["status"] == "error":
        step.status = "error"
        step.error = capture.value(state.get("error"))
    else:
        _put_outcome(step, part, state, capture)
    return (step,)


def _put_outcome(step: StepChange, told: Payload, said: Payload, capture: Capture) -> None:
    """Put what a call that ran to its end came to: a command by its exit code."""
    step.status = "ok"
    step.output_summary = capture.value(said.get("output"))
    step.output = capture.whole(said.get("output"))
    code = number(mapping(said, "metadata"), "exit")
    if told.get("tool") == INVALID:
        step.status, step.error = "error", step.output_summary
    elif code:
        step.status, step.error = "error", capture.value(f"exit code {code:.0f}")


def _time(times: Payload, key: str, at: int) -> int:
    told = number(times, key)
    return at if told is None or told > at else int(told)


def _chat_message(payload: Payload, _at: int, capture: Capture) -> Changes:
    if (sub_agent := _sub_agent(payload)) is not None:
        sent = mapping(mapping(payload, "output"), "message")
        kind = name(mapping(payload, "input"), "agent") or name(sent, "agent")
        return (AgentStarted(sub_agent, capture.optional_label(kind), None),)
    parts = mapping(payload, "output").get("parts")
    texts = [
        said
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and part.get("type") == "text" and not part.get("synthetic")
        if (said := text(part, "text")) is not None
    ]
    return (PromptSubmitted(_message_id(payload), "user", capture.value("\n".join(texts))),)


def _message_id(payload: Payload) -> str | None:
    message = mapping(mapping(payload, "output"), "message")
    return identity(message, "id") or identity(mapping(payload, "input"), "messageID")


def _session_created(_payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (SessionStarted(continues=False),)


def _session_idle(payload: Payload, _at: int, _capture: Capture) -> Changes:
    sub_agent = _sub_agent(payload)
    return (PromptEnded(None) if sub_agent is None else AgentEnded(sub_agent, None),)


def _session_deleted(payload: Payload, _at: int, _capture: Capture) -> Changes:
    return () if _sub_agent(payload) else (SessionEnded("deleted"),)


PHASES: Final = {"running": Phase.START, "completed": Phase.END, "error": Phase.END}
READERS: Final[dict[str, Callable[[Payload, int, Capture], Changes]]] = {
    "tool.execute.before": _before,
    "tool.execute.after": _after,
    PART: _part_updated,
    "chat.message": _chat_message,
    "session.created": _session_created,
    "session.idle": _session_idle,
    "session.deleted": _session_deleted,
}
