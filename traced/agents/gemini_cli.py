"""
Gemini CLI's hook payloads (0.61), as changes.

Law: its calls have no id, so who calls which tool with what input stands for one; its prompts have
none either, so each is the next. Times are its own. What speaks of the model alone keeps nothing.
Facts: the payloads in tests/fixtures/gemini-cli.
"""

from collections.abc import Callable
from typing import Final

from traced.agents.fields import Payload, digest, mapping, match_key, name, required, text
from traced.agents.tools import Tool
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

# Launches of a sub-agent: whose calls come as if its launcher made them.
LAUNCHES: Final = frozenset({"invoke_agent", "delegate_to_agent"})
WRAPPER_OPEN: Final = "<untrusted_context>\n"
WRAPPER_CLOSE: Final = "\n</untrusted_context>"


def changes(event: str, payload: Payload, at: int, capture: Capture) -> Changes:
    """
    Return what one hook event at `at` (Unix ms) says; nothing for events that keep nothing.

    Raises:
        Malformed: If a call lacks its tool's name.
    """
    reader = READERS.get(event)
    return () if reader is None else reader(payload, at, capture)


def event_id(event: str, payload: Payload) -> str | None:
    """Return an id that is the same for the same event: each payload has the agent's own time."""
    return None if text(payload, "timestamp") is None else f"{event}:{digest(payload)}"


def model(_event: str, _payload: Payload) -> str | None:
    """Return None: only the events of the model itself, which are many, would tell."""
    return None


def _call(payload: Payload, capture: Capture, phase: Phase) -> StepChange:
    tool_name, tool_input = required(payload, "tool_name"), payload.get("tool_input")
    tool = _tool(tool_name, payload)
    return StepChange(
        phase=phase,
        trace_type=tool.trace_type,
        name=capture.label(tool.name),
        source=capture.optional_label(tool.source),
        input_summary=capture.tool_input(tool_name, tool_input),
        input=capture.whole(tool_input),
        match_key=match_key(None, tool_name, tool_input),
    )


def _tool(tool_name: str, payload: Payload) -> Tool:
    mcp = mapping(payload, "mcp_context")
    tool, server = name(mcp, "tool_name"), name(mcp, "server_name")
    if tool is not None and server is not None:
        return Tool("mcp", tool, server)
    if tool_name in LAUNCHES:
        kind = name(mapping(payload, "tool_input"), "agent_name")
        return Tool("agent", kind or tool_name, None)
    return Tool("tool", tool_name, None)


def _before_tool(payload: Payload, at: int, capture: Capture) -> Changes:
    step = _call(payload, capture, Phase.START)
    step.started_at = at
    return (step,)


def _after_tool(payload: Payload, at: int, capture: Capture) -> Changes:
    step = _call(payload, capture, Phase.END)
    step.ended_at = at
    response = payload.get("tool_response")
    step.output = capture.whole(response)
    error = response.get("error") if isinstance(response, dict) else None
    if error is None:
        step.status = "ok"
        step.output_summary = capture.value(_readable(response))
    else:
        step.status = "error"
        said = text(error, "message") if isinstance(error, dict) else None
        step.error = capture.value(said or error)
    return (step,)


def _readable(response: object) -> object:
    """Return what was shown to the user, else what was told to the model."""
    if not isinstance(response, dict):
        return response
    shown = response.get("returnDisplay")
    if isinstance(shown, str) and shown:
        return shown
    if isinstance(shown, dict) and "fileDiff" in shown:
        return _edited(shown)
    told = response.get("llmContent")
    if isinstance(told, list):
        return [
            {**part, "text": _unwrapped(part["text"])}
            if isinstance(part, dict) and isinstance(part.get("text"), str)
            else part
            for part in told
        ]
    return _unwrapped(told) if isinstance(told, str) else told


def _edited(shown: Payload) -> str:
    if shown.get("isNewFile") is True:
        return "created"
    counts = mapping(shown, "diffStat")
    return f"updated: +{counts.get('model_added_lines')} -{counts.get('model_removed_lines')}"


def _unwrapped(told: str) -> str:
    return told.removeprefix(WRAPPER_OPEN).removesuffix(WRAPPER_CLOSE)


def _before_agent(payload: Payload, _at: int, capture: Capture) -> Changes:
    return (PromptSubmitted(None, "user", capture.value(text(payload, "prompt"))),)


def _after_agent(_payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (PromptEnded(None),)


def _session_start(_payload: Payload, _at: int, _capture: Capture) -> Changes:
    return (SessionStarted(continues=False),)


def _session_end(payload: Payload, _at: int, capture: Capture) -> Changes:
    return (SessionEnded(capture.optional_label(name(payload, "reason"))),)


READERS: Final[dict[str, Callable[[Payload, int, Capture], Changes]]] = {
    "BeforeTool": _before_tool,
    "AfterTool": _after_tool,
    "BeforeAgent": _before_agent,
    "AfterAgent": _after_agent,
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
}
