"""
What OpenCode tells its plugins, as changes.

Law: a call is told twice, by the hooks around it and by the part of the message that shows it;
both have its id and meet in one step. A sub-agent is a session of its own there. Facts: the types
that its plugin package publishes (1.18); no payload of the real program was at hand.
"""

from collections.abc import Callable
from typing import Final

from traced.agents.fields import Payload, identity, mapping, name, number, required, text
from traced.agents.fields import required_identity as call_id_of
from traced.agents.tools import classify
from traced.core.capture import Capture
from traced.core.event import (
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
    message_id = _message_id(payload) if event == "chat.message" else None
    return None if message_id is None else f"{event}:{message_id}"


def model(event: str, payload: Payload) -> str | None:
    """Return the model that a message is for."""
    if event != "chat.message":
        return None
    return name(mapping(mapping(payload, "input"), "model"), "modelID")


def _about(payload: Payload) -> Payload:
    return mapping(mapping(mapping(payload, "input"), "event"), "properties")


def _part(payload: Payload) -> Payload:
    return mapping(_about(payload), "part")


def _call(told: Payload, tool_input: object, capture: Capture, phase: Phase) -> StepChange:
    tool_name = required(told, "tool")
    given = tool_input if isinstance(tool_input, dict) else {}
    if tool_name == "skill":
        given = {"skill": given.get("name")}
    tool = classify(TOOLS.get(tool_name, tool_name), given)
    return StepChange(
        phase=phase,
        trace_type=tool.trace_type,
        name=capture.label(tool.name),
        call_id=call_id_of(told, "callID"),
        input_summary=capture.tool_input(tool_name, tool_input),
        input=capture.whole(tool_input),
    )


def _before(payload: Payload, at: int, capture: Capture) -> Changes:
    given = mapping(payload, "output").get("args")
    step = _call(mapping(payload, "input"), given, capture, Phase.START)
    step.started_at = at
    return (step,)


def _after(payload: Payload, at: int, capture: Capture) -> Changes:
    told = mapping(payload, "input")
    step = _call(told, told.get("args"), capture, Phase.END)
    step.status = "ok"
    step.ended_at = at
    _put_output(step, mapping(payload, "output").get("output"), capture)
    return (step,)


def _part_updated(payload: Payload, at: int, capture: Capture) -> Changes:
    part = _part(payload)
    state = mapping(part, "state")
    phase = PHASES.get(text(state, "status") or "")
    if part.get("type") != "tool" or phase is None:
        return ()
    step = _call(part, state.get("input"), capture, phase)
    times = mapping(state, "time")
    step.started_at = _time(times, "start", at)
    if phase is Phase.START:
        return (step,)
    step.ended_at = _time(times, "end", at)
    if state["status"] == "error":
        step.status = "error"
        step.error = capture.value(state.get("error"))
    else:
        step.status = "ok"
        _put_output(step, state.get("output"), capture)
    return (step,)


def _time(times: Payload, key: str, at: int) -> int:
    told = number(times, key)
    return at if told is None or told > at else int(told)


def _put_output(step: StepChange, output: object, capture: Capture) -> None:
    step.output_summary = capture.value(output)
    step.output = capture.whole(output)


def _chat_message(payload: Payload, _at: int, capture: Capture) -> Changes:
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


def _session_idle(_payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (PromptEnded(None),)


def _session_deleted(_payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (SessionEnded("deleted"),)


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
