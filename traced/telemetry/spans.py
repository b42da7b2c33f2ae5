"""
Prompts, steps and sub-agents as spans: one root span a prompt, what ran for it below it.

Law: a span says what its row says; content (arguments, results, error texts, the prompt) only where
the scene asks for it. Times are Unix nanoseconds, and no span ends before it begins.
"""

from typing import Final, NamedTuple

import msgspec

from traced.core.times import parse_time
from traced.store.rows import Agent, Prompt, Step
from traced.telemetry import names
from traced.telemetry.ids import Origin, agent_span_id, root_span_id, step_span_id

Value = str | int | float

NS_PER_MS: Final = 1_000_000
# 2262-04-11: what a signed 64-bit count of nanoseconds holds, and backends keep their times in.
MS_MAX: Final = 9_223_372_036_854
# SpanKind and StatusCode of opentelemetry/proto/trace/v1/trace.proto.
KIND_INTERNAL: Final = 1
STATUS_UNSET: Final = 0
STATUS_ERROR: Final = 2


class Span(NamedTuple):
    """A span as both encodings of OTLP take it; ids are 16 and 8 bytes, a root has no parent."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes | None
    name: str
    start_ns: int
    end_ns: int
    attributes: dict[str, Value]
    kind: int = KIND_INTERNAL
    status: int = STATUS_UNSET
    message: str = ""


class Scene(NamedTuple):
    """
    What all spans of a session share.

    `host`, if given, is on each span, because some backends drop resources.
    """

    origin: Origin
    model: str | None = None
    host: str | None = None
    content: bool = False


class Ran(NamedTuple):
    """From when until when something ran, in Unix milliseconds, as far as its steps tell."""

    first_ms: int | None = None
    last_ms: int | None = None


class Place(NamedTuple):
    """Where a span hangs."""

    trace_id: bytes
    parent_span_id: bytes


def prompt_span(scene: Scene, prompt: Prompt, trace_id: bytes, ran: Ran) -> Span:
    """Return the root of a prompt's trace; its steps' times stand in for what it lacks itself."""
    told = _invoked(scene, None, scene.origin.agent)
    _put(told, names.PROMPT_NUMBER, prompt.prompt_number)
    _put(told, names.PROMPT_ID, prompt.prompt_id)
    _put(told, names.PROMPT_SOURCE, prompt.source)
    _put(told, names.REQUEST_MODEL, prompt.model)
    _put(told, names.USAGE_INPUT_TOKENS, prompt.input_tokens)
    _put(told, names.USAGE_OUTPUT_TOKENS, prompt.output_tokens)
    _put(told, names.USAGE_CACHE_READ_TOKENS, prompt.cache_read_tokens)
    _put(told, names.USAGE_CACHE_CREATION_TOKENS, prompt.cache_creation_tokens)
    if scene.content and prompt.summary:
        parts = [{"type": "text", "content": prompt.summary}]
        messages = msgspec.json.encode([{"role": "user", "parts": parts}])
        told[names.INPUT_MESSAGES] = messages.decode()
        told[names.INPUT_VALUE] = prompt.summary
    name = f"{names.INVOKE_AGENT} {scene.origin.agent}"
    times_ms = prompt_times(prompt, ran)
    return _span(trace_id, root_span_id(trace_id), None, name, told, times_ms)


def agent_span(scene: Scene, agent: Agent, place: Place, ran: Ran) -> Span:
    """Return the span of a sub-agent of which no call is known (`Lineage.has_own_span`)."""
    start_ms = _first_of(parse_time(agent.started_at), ran.first_ms, ran.last_ms)
    end_ms = _first_of(parse_time(agent.ended_at), ran.last_ms, start_ms)
    told = _invoked(scene, agent.agent_id, agent.agent_type)
    _put(told, names.PROMPT_NUMBER, agent.prompt_number)
    _put(told, names.PARENT_AGENT_ID, agent.parent_agent_id)
    told[names.STEP_STATUS] = agent.status
    name = f"{names.INVOKE_AGENT} {agent.agent_type}" if agent.agent_type else names.INVOKE_AGENT
    span_id = agent_span_id(scene.origin, agent.agent_id)
    return _span(place.trace_id, span_id, place.parent_span_id, name, told, (start_ms, end_ms))


def step_span(scene: Scene, step: Step, place: Place) -> Span:
    """Return a step's span; one that still runs, or of unknown end, ends when it began."""
    told = _step_attributes(scene, step)
    status, message = STATUS_UNSET, ""
    if error_type := names.ERROR_TYPES.get(step.status):
        told[names.ERROR_TYPE] = error_type
        status = STATUS_ERROR
        message = (step.error or "") if scene.content else ""
    operation = told.get(names.OPERATION_NAME)
    name = step.name if operation is None else f"{operation} {step.name}"
    span_id = step_span_id(scene.origin, step)
    span = _span(place.trace_id, span_id, place.parent_span_id, name, told, step_times(step))
    return span._replace(status=status, message=message)


def prompt_times(prompt: Prompt, ran: Ran) -> tuple[int, int]:
    """Return when a prompt began and ended, in Unix milliseconds; 0 where nothing tells."""
    start_ms = _first_of(parse_time(prompt.started_at), ran.first_ms, ran.last_ms)
    end_ms = _first_of(parse_time(prompt.ended_at), ran.last_ms, start_ms)
    return start_ms, max(start_ms, end_ms)


def step_times(step: Step) -> tuple[int, int]:
    """Return when a step began and ended, in Unix milliseconds; a length gives the other end."""
    start, end = parse_time(step.started_at), parse_time(step.ended_at)
    length = step.duration_ms or 0
    if start is None:
        end = step.created_at_epoch if end is None else end
        return max(0, round(end - length)), end
    return start, round(start + length) if end is None else max(start, end)


def _step_attributes(scene: Scene, step: Step) -> dict[str, Value]:
    if step.trace_type == "agent":
        told = _invoked(scene, step.child_agent_id, step.name)
        _put(told, names.PARENT_AGENT_ID, step.agent_id)
    else:
        told = _shared(scene)
        _put(told, names.AGENT_ID, step.agent_id)
        _put(told, names.AGENT_NAME, step.agent_type or _main(scene, step))
        _put(told, names.PARENT_AGENT_ID, step.parent_agent_id)
    match step.trace_type:
        case "tool" | "skill" | "mcp":
            told[names.OPERATION_NAME] = names.EXECUTE_TOOL
            told[names.TOOL_NAME] = step.name
            told[names.TOOL_TYPE] = names.TOOL_FUNCTION
        case "hook" | "command":
            told[names.SPAN_KIND] = names.CHAIN
    if step.trace_type == "mcp":
        told[names.TOOL_TYPE] = names.TOOL_EXTENSION
        told[names.MCP_METHOD_NAME] = names.MCP_TOOLS_CALL
    _put(told, names.TOOL_CALL_ID, step.call_id)
    told[names.STEP_TYPE] = step.trace_type
    told[names.STEP_STATUS] = step.status
    told[names.STEP_ORDER] = step.step_order
    told[names.PROMPT_NUMBER] = step.prompt_number
    _put(told, names.STEP_SOURCE, step.source)
    _put(told, names.DURATION_MS, step.duration_ms)
    _put(told, names.PERMISSION_WAIT_MS, step.permission_wait_ms)
    if scene.content:
        _put_content(told, step.input or step.input_summary, step.output or step.output_summary)
    return told


def _put_content(told: dict[str, Value], arguments: str | None, result: str | None) -> None:
    _put(told, names.TOOL_ARGUMENTS, arguments)
    _put(told, names.INPUT_VALUE, arguments)
    _put(told, names.TOOL_RESULT, result)
    _put(told, names.OUTPUT_VALUE, result)


def _main(scene: Scene, step: Step) -> str | None:
    return scene.origin.agent if step.agent_id is None else None


def _shared(scene: Scene) -> dict[str, Value]:
    told: dict[str, Value] = {
        names.CONVERSATION_ID: scene.origin.session_id,
        names.AGENT: scene.origin.agent,
    }
    _put(told, names.HOST_NAME, scene.host)
    return told


def _invoked(scene: Scene, agent_id: str | None, name: str | None) -> dict[str, Value]:
    told = _shared(scene)
    told[names.OPERATION_NAME] = names.INVOKE_AGENT
    _put(told, names.AGENT_ID, agent_id)
    _put(told, names.AGENT_NAME, name)
    if agent_id is None and name == scene.origin.agent:
        _put(told, names.REQUEST_MODEL, scene.model)
    return told


def _put(told: dict[str, Value], key: str, value: Value | None) -> None:
    if value is not None:
        told[key] = value


def _first_of(*moments: int | None) -> int:
    return next((moment for moment in moments if moment is not None), 0)


def _span(
    trace_id: bytes,
    span_id: bytes,
    parent_span_id: bytes | None,
    name: str,
    attributes: dict[str, Value],
    times_ms: tuple[int, int],
) -> Span:
    start_ms, end_ms = times_ms
    return Span(
        trace_id,
        span_id,
        parent_span_id,
        name,
        min(start_ms, MS_MAX) * NS_PER_MS,
        min(max(start_ms, end_ms), MS_MAX) * NS_PER_MS,
        attributes,
    )
