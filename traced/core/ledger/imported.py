"""
What is added to a session afterwards: imported from what an agent wrote down itself.

Law: an import adds prompts, steps and sub-agents that are missing and fills what is null. It never
says that something runs, opens no session and closes nothing: those are for who was there.
"""

from msgspec.structs import astuple

from traced.core.event import Event, PromptEnded, PromptSubmitted, SessionEnded, SessionStarted
from traced.core.ledger.batch import Batch
from traced.core.ledger.prompts import add_told, give_number
from traced.core.ledger.session import PromptState, SessionState


def prompt_told(
    batch: Batch, session: SessionState, event: Event, change: PromptSubmitted | PromptEnded
) -> None:
    """Add a prompt, or to one what nobody has told of it; the end of an unknown one is nothing."""
    prompt = _find(session, change)
    before = None if prompt is None else astuple(prompt)
    if isinstance(change, PromptEnded):
        if prompt is None or prompt.ended_at is not None:
            return
        prompt.ended_at = event.at
    else:
        if prompt is None:
            prompt = _new(batch, session, change)
        elif prompt.number is None:
            give_number(batch, session, prompt)
        if prompt.started_at is None:
            prompt.started_at = event.at
            prompt.source = change.source
            prompt.imported = 1
        if prompt.summary is None:
            prompt.summary = change.summary
    if astuple(prompt) == before:
        return
    session.note_point(event.at)
    batch.prompt_changed(session, prompt)
    batch.added += 1


def session_told(
    batch: Batch, session: SessionState, event: Event, change: SessionStarted | SessionEnded
) -> None:
    """Take when a session ended, if nobody was there who says so."""
    if not isinstance(change, SessionEnded):
        return
    if session.opened_at is not None or session.ended_at is not None:
        return
    session.ended_at = event.at
    session.end_reason = change.reason
    batch.added += 1


def touched(batch: Batch, session: SessionState, event: Event, *, grew: bool) -> None:
    """
    Take whatever an event says of its session besides its changes.

    A session that `grew` was used when the event was, not when it is imported.
    """
    before = session.started_at, session.cwd, session.model
    if session.started_at is None:
        session.started_at = event.at
    if grew or session.last_event_at == 0:
        session.last_event_at = max(session.last_event_at, event.at)
    session.cwd = session.cwd or event.cwd
    session.model = session.model or event.model
    if grew or (session.started_at, session.cwd, session.model) != before:
        batch.added += 1
        batch.sessions[session.pk] = session


def _find(session: SessionState, change: PromptSubmitted | PromptEnded) -> PromptState | None:
    prompt = None
    if change.prompt_id is not None:
        prompt = session.prompts_by_id.get(change.prompt_id)
    if prompt is None and change.prompt_number is not None:
        numbered = session.prompt_numbered(change.prompt_number)
        if numbered is not None and (change.prompt_id is None or numbered.prompt_id is None):
            prompt = numbered
    return prompt


def _new(batch: Batch, session: SessionState, change: PromptSubmitted) -> PromptState:
    number = change.prompt_number
    if number is not None and session.prompt_numbered(number) is not None:
        number = None
    prompt = PromptState(number, change.prompt_id)
    add_told(batch, session, prompt)
    return prompt
