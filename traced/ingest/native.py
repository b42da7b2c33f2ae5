"""
Native events and life lines (SPEC 3.1, 3.2), as events of the house.

Law: what the sender gives stands; what it leaves out is null or, for times, the time of sending.
The protocol has checked and cleaned every text.
"""

from typing import Final

import msgspec

from traced.core.capture import Capture
from traced.core.event import (
    Change,
    Event,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)
from traced.core.json_text import decode_json
from traced.core.when import happened_at, near
from traced.core.wire import LifeLine, NativeEvent

CUSTOM_AGENT: Final = "custom"


def event(record: NativeEvent, now: int, capture: Capture) -> Event:
    """Return a native event received at `now` (Unix ms) as an event with one step change."""
    at = happened_at(None, record.sent_at, now)
    return Event(
        agent=record.agent or CUSTOM_AGENT,
        session_id=record.session_id,
        at=at,
        changes=(_step(record, at, now, capture),),
        event_id=record.event_id,
        cwd=record.cwd,
        model=record.model,
        agent_pid=record.agent_pid,
    )


def life(record: LifeLine, now: int, capture: Capture) -> Event:
    """Return a life line received at `now` (Unix ms) as an event."""
    change: Change
    match record.lifecycle:
        case "session_start":
            change = SessionStarted(continues=False)
        case "prompt":
            change = PromptSubmitted(None, "user", capture.value(record.prompt))
        case "prompt_end":
            change = PromptEnded(None)
        case "session_end":
            change = SessionEnded(capture.given(record.reason))
    return Event(
        agent=record.agent or CUSTOM_AGENT,
        session_id=record.session_id,
        at=happened_at(None, record.sent_at, now),
        changes=(change,),
        event_id=record.event_id,
        cwd=record.cwd,
        model=record.model,
        agent_pid=record.agent_pid,
    )


def _step(record: NativeEvent, at: int, now: int, capture: Capture) -> StepChange:
    given_input, given_output, error = map(_json, (record.input, record.output, record.error))
    is_start = record.phase == "start"
    step = StepChange(
        phase=Phase.START if is_start else Phase.END,
        trace_type=record.trace_type,
        name=record.name,
        call_id=record.call_id,
        source=record.source,
        status=None if is_start else record.status or "ok",
        agent_id=record.agent_id,
        agent_type=record.agent_type,
        parent_agent_id=record.parent_agent_id,
        prompt_number=record.prompt_number,
        step_order=record.step_order,
        input_summary=capture.given(record.input_summary)
        or (None if given_input is None else capture.tool_input(record.name, given_input)),
        output_summary=capture.given(record.output_summary)
        or (None if given_output is None else capture.value(given_output)),
        error=None if error is None else capture.value(error),
        input=capture.whole(given_input),
        output=capture.whole(given_output),
        duration_ms=record.duration_ms,
    )
    _set_times(step, record, at, now)
    return step


def _set_times(step: StepChange, record: NativeEvent, at: int, now: int) -> None:
    step.started_at = near(record.started_at, now)
    step.ended_at = near(record.ended_at, now)
    if step.phase is Phase.START:
        step.started_at = at if step.started_at is None else step.started_at
    elif step.ended_at is None:
        if record.phase is None and step.started_at is not None:
            # A whole step is over when it says: a sender that kept it back did not make it longer.
            if step.duration_ms is not None:
                step.ended_at = round(step.started_at + step.duration_ms)
        else:
            step.ended_at = at


def _json(raw: msgspec.Raw) -> object:
    return decode_json(bytes(raw)) if raw else None
