"""
The row of a step of which one event is known.

Law: it is the row that `merge` makes of an empty step and this event, at a fifth of the cost; most
events of a native stream are the first and last of their step.
"""

from typing import Final

from traced.core.event import Event, Phase, StepChange
from traced.core.ledger.step import (
    BATCH_ERROR_FLAG,
    EXPLICIT_PROMPT,
    EXPLICIT_SHIFT,
    PROMPT_RANK,
    PROMPT_SHIFT,
    RESULT_RANK,
    SHIFT,
    STARTED_FLAG,
    STATUS_RANK,
    WHAT_SHIFT,
    StepState,
)

# Rank 1 of each field: as many as are told are added up and multiplied by the event's rank.
_UNIT: Final = {name: 1 << shift for name, shift in SHIFT.items()}
_SOURCE: Final = _UNIT["source"]
_AGENT_ID: Final = _UNIT["agent_id"]
_AGENT_TYPE: Final = _UNIT["agent_type"]
_PARENT_AGENT_ID: Final = _UNIT["parent_agent_id"]
_CHILD_AGENT_ID: Final = _UNIT["child_agent_id"]
_INPUT: Final = _UNIT["input"]
_STARTED_AT: Final = _UNIT["started_at"]
_ENDED_AT: Final = _UNIT["ended_at"]
_DURATION_MS: Final = _UNIT["duration_ms"]
_INPUT_SUMMARY: Final = _UNIT["input_summary"]
_OUTPUT: Final = _UNIT["output"]
_OUTPUT_SUMMARY: Final = _UNIT["output_summary"]
_ERROR: Final = _UNIT["error"]
_BASE: Final = {
    phase: STATUS_RANK[phase]
    + (int(phase) << WHAT_SHIFT)
    + (STARTED_FLAG if phase is Phase.START else 0)
    for phase in Phase
}


def first_row(
    event: Event,
    change: StepChange,
    *,
    step_id: int,
    session_pk: int,
    step_order: int,
    prompt_number: int,
    now: int,
) -> StepState:
    """Return the step that this change alone makes, in the place it was given."""
    phase = change.phase
    is_alone = change.call_id is None and change.match_key is None
    return StepState(
        step_id,
        step_id,
        session_pk,
        step_order,
        prompt_number,
        change.trace_type,
        change.name,
        _status(change),
        change.source,
        change.input_summary,
        change.output_summary,
        change.error,
        change.started_at,
        change.ended_at,
        change.duration_ms,
        None,
        change.call_id,
        change.agent_id,
        change.agent_type,
        change.parent_agent_id,
        change.child_agent_id,
        change.input,
        change.output,
        event.event_id,
        event.peer_uid,
        now,
        _ranks_alone(change) if is_alone else _ranks(change),
        change.match_key if phase is Phase.START or change.call_id is None else None,
    )


def _status(change: StepChange) -> str:
    match change.phase:
        case Phase.END:
            return change.status or "ok"
        case Phase.START:
            return "running"
        case Phase.DENIED:
            return "denied"
        case Phase.BATCH:
            return "error" if change.status == "error" else "ok"


def _ranks_alone(change: StepChange) -> int:
    """Nothing else will tell of a step without a call: who said what need not be remembered."""
    ranks = _BASE[change.phase]
    return ranks if change.prompt_number is None else ranks + (EXPLICIT_PROMPT << PROMPT_SHIFT)


def _ranks(change: StepChange) -> int:
    phase = change.phase
    ranks = _BASE[phase] + int(phase) * _plain_units(change)
    results = 0
    if change.output_summary is not None:
        results += _OUTPUT_SUMMARY
    if change.output is not None:
        results += _OUTPUT
    if change.error is not None:
        results += _ERROR
    ranks += RESULT_RANK[phase] * results
    if phase is Phase.BATCH and change.status == "error":
        ranks |= BATCH_ERROR_FLAG
    if change.prompt_number is not None:
        ranks += (int(phase) << EXPLICIT_SHIFT) + (EXPLICIT_PROMPT << PROMPT_SHIFT)
    elif change.prompt_id is not None:
        ranks += PROMPT_RANK[phase] << PROMPT_SHIFT
    return ranks


def _plain_units(change: StepChange) -> int:
    units = 0
    if change.input_summary is not None:
        units += _INPUT_SUMMARY
    if change.started_at is not None:
        units += _STARTED_AT
    if change.ended_at is not None:
        units += _ENDED_AT
    if change.duration_ms is not None:
        units += _DURATION_MS
    if change.source is not None:
        units += _SOURCE
    if change.input is not None:
        units += _INPUT
    return units + _agent_units(change)


def _agent_units(change: StepChange) -> int:
    units = 0
    if change.agent_id is not None:
        units += _AGENT_ID
    if change.child_agent_id is not None:
        units += _CHILD_AGENT_ID
    if change.agent_type is not None:
        units += _AGENT_TYPE
    if change.parent_agent_id is not None:
        units += _PARENT_AGENT_ID
    return units
