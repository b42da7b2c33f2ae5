"""
Rows of an export (`ExportedLine`), as events of the house.

Law: what another traced let through is looked at again: redacted by this one's patterns, and kept
only as far as this one keeps content. Whose rows they are, only the daemon's own user may say.
"""

from typing import assert_never

from msgspec import Raw

from traced.core.capture import Capture
from traced.core.event import Event
from traced.core.exported import ExportedAgent, ExportedPrompt, ExportedSession, ExportedStep
from traced.core.json_text import decode_json
from traced.core.wire import ExportedLine


def event(record: ExportedLine, peer_uid: int | None, capture: Capture, *, trusted: bool) -> Event:
    """
    Return a row as an event; what `peer_uid` says is true of a sender who is not `trusted`.

    Raises:
        Malformed: If its content is not JSON after all.
    """
    row = record.row
    match row:
        case ExportedSession():
            row.cwd = capture.optional_label(row.cwd)
            row.model = capture.optional_label(row.model)
            row.end_reason = capture.optional_label(row.end_reason)
        case ExportedAgent():
            row.agent_type = capture.optional_label(row.agent_type)
        case ExportedPrompt():
            row.summary = capture.given_again(row.summary)
            row.model = capture.optional_label(row.model)
        case ExportedStep():
            _take_step(record, row, capture)
            if not trusted:
                row.peer_uid = peer_uid
        case _:
            assert_never(row)
    return Event(
        agent=row.agent,
        session_id=row.session_id,
        at=row.used_at,
        changes=(row,),
        event_id=record.event_id,
        known_by=row.known_by if isinstance(row, ExportedStep) else None,
        peer_uid=row.owner_uid if trusted and row.owner_uid is not None else peer_uid,
        imported=True,
    )


def _take_step(record: ExportedLine, row: ExportedStep, capture: Capture) -> None:
    row.name = capture.label(row.name)
    row.source = capture.optional_label(row.source)
    row.agent_type = capture.optional_label(row.agent_type)
    row.input_summary = capture.given_again(row.input_summary)
    row.output_summary = capture.given_again(row.output_summary)
    row.error = capture.given_again(row.error)
    asked, answered = _content(record.input), _content(record.output)
    row.input, row.output = capture.whole(asked), capture.whole(answered)
    if row.input is None and row.input_summary is None and asked is not None:
        row.input_summary = capture.tool_input(row.name, asked)
    if row.output is None and row.output_summary is None and answered is not None:
        row.output_summary = capture.value(answered)


def _content(raw: Raw) -> object:
    return decode_json(bytes(raw)) if raw else None
