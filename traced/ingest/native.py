"""
Native events and life lines (SPEC 3.1, 3.2), as events of the house.

Law: what the sender gives stands; what it leaves out is null or, for times, the time of sending.
The protocol has checked and cleaned every text.
"""

from typing import Final

from traced.core.capture import Capture
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Change,
    Event,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
    TokensUsed,
)
from traced.core.json_text import decode_json
from traced.core.when import happened_at, near
from traced.core.wire import LifeLine, NativeEvent

CUSTOM_AGENT: Final = "custom"


def event(record: NativeEvent, now: int, capture: Capture) -> Event:
    """Return a native event received at `now` (Unix ms): one step, and the agent it launched."""
    at = now if record.sent_at is None else happened_at(None, record.sent_at, now)
    step = _step(record, at, now, capture)
    launched = _launched(record, capture)
    if launched:  # it begins and ends with its step, however late that arrives
        at = (step.started_at if record.phase == "start" else step.ended_at) or at
    return Event(
        agent=record.agent or CUSTOM_AGENT,
        session_id=record.session_id,
        at=at,
        changes=(step, *launched),
        event_id=record.event_id,
        cwd=capture.optional_label(record.cwd),
        model=capture.optional_label(record.model),
        agent_pid=record.agent_pid,
        imported=record.imported,
    )


def life(record: LifeLine, now: int, capture: Capture) -> Event:
    """Return a life line received at `now` (Unix ms) as an event."""
    change: Change
    match record.lifecycle:
        case "session_start":
            change = SessionStarted(continues=False)
        case "prompt":
            summary = capture.value(record.prompt)
            change = PromptSubmitted(record.prompt_id, "user", summary, record.prompt_number)
        case "prompt_end":
            change = PromptEnded(record.prompt_id, record.prompt_number)
        case "usage":
            change = _usage(record, capture)
        case "session_end":
            change = SessionEnded(capture.given(record.reason))
    return Event(
        agent=record.agent or CUSTOM_AGENT,
        session_id=record.session_id,
        at=happened_at(None, record.sent_at, now),
        changes=(change,),
        event_id=record.event_id,
        cwd=capture.optional_label(record.cwd),
        model=capture.optional_label(record.model),
        agent_pid=record.agent_pid,
        imported=record.imported,
    )


def _usage(record: LifeLine, capture: Capture) -> TokensUsed:
    return TokensUsed(
        record.prompt_id,
        record.prompt_number,
        capture.optional_label(record.model),
        record.input_tokens,
        record.output_tokens,
        record.cache_read_tokens,
        record.cache_creation_tokens,
    )


def _launched(record: NativeEvent, capture: Capture) -> tuple[Change, ...]:
    """Return what a step tells of the sub-agent that it launched, which is done when it is."""
    if record.child_agent_id is None:
        return ()
    if record.phase == "start":
        return (AgentStarted(record.child_agent_id, capture.label(record.name), None),)
    return (AgentEnded(record.child_agent_id, capture.label(record.name)),)


def _step(record: NativeEvent, at: int, now: int, capture: Capture) -> StepChange:
    is_start = record.phase == "start"
    started_at, ended_at = _times(record, at, now)
    step = StepChange(
        Phase.START if is_start else Phase.END,
        record.trace_type,
        capture.label(record.name),
        record.call_id,
        capture.optional_label(record.source),
        None if is_start else record.status or "ok",
        record.agent_id,
        capture.optional_label(record.agent_type),
        record.parent_agent_id,
        record.child_agent_id,
        None if record.child_agent_id is None else capture.label(record.name),
        prompt_number=record.prompt_number,
        step_order=record.step_order,
        input_summary=capture.given(record.input_summary),
        output_summary=capture.given(record.output_summary),
        started_at=started_at,
        ended_at=ended_at,
        duration_ms=record.duration_ms,
    )
    if record.input:
        _take_input(step, decode_json(bytes(record.input)), capture)
    if record.output:
        _take_output(step, decode_json(bytes(record.output)), capture)
    if record.error:
        step.error = capture.value(decode_json(bytes(record.error)))
    return step


def _take_input(step: StepChange, value: object, capture: Capture) -> None:
    if not step.input_summary:
        step.input_summary = capture.tool_input(step.name, value)
    step.input = capture.whole(value)


def _take_output(step: StepChange, value: object, capture: Capture) -> None:
    if not step.output_summary:
        step.output_summary = capture.value(value)
    step.output = capture.whole(value)


def _times(record: NativeEvent, at: int, now: int) -> tuple[int | None, int | None]:
    started_at, ended_at = record.started_at, record.ended_at
    if started_at is not None:
        started_at = near(started_at, now)
    if ended_at is not None:
        ended_at = near(ended_at, now)
    if record.phase == "start":
        return at if started_at is None else started_at, ended_at
    if ended_at is not None:
        return started_at, ended_at
    if record.phase is None and started_at is not None:
        # A whole step is over when it says: a sender that kept it back did not make it longer.
        duration_ms = record.duration_ms
        return started_at, None if duration_ms is None else round(started_at + duration_ms)
    return started_at, at
