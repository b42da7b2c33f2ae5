"""
The life of a session: it starts, ends, is resumed, and with it what runs.

Law: a session is open if its latest start is not older than its latest end.
"""

from traced.core.event import Event, SessionEnded, SessionStarted
from traced.core.ledger.batch import Batch
from traced.core.ledger.running import close_all
from traced.core.ledger.session import SessionState


def started(batch: Batch, session: SessionState, event: Event, change: SessionStarted) -> None:
    """A session began or was resumed; unless it `continues`, what ran before is over."""
    if event.cwd is not None:
        session.cwd = event.cwd
    if event.model is not None:
        session.model = event.model
    session.opened_at = max(session.opened_at or event.at, event.at)
    if session.ended_at is not None and session.ended_at <= event.at:
        session.ended_at = session.end_reason = None
    if not change.continues:
        _close_before(batch, session, event.at)


def ended(batch: Batch, session: SessionState, event: Event, change: SessionEnded) -> None:
    """A session is over, unless it has been opened again since."""
    if session.opened_at is None or event.at >= session.opened_at:
        session.ended_at = event.at
        session.end_reason = change.reason
    _close_before(batch, session, event.at)


def lost(batch: Batch, session: SessionState, event: Event) -> None:
    """The agent is gone: what runs is over, but the session was not heard of again by that."""
    _close_before(batch, session, event.at)
    batch.sessions[session.pk] = session


def touched(batch: Batch, session: SessionState, event: Event) -> None:
    """Whatever an event says of its session besides its changes."""
    session.last_event_at = batch.now
    if session.started_at is None or event.at < session.started_at:
        session.started_at = event.at
    if session.cwd is None:
        session.cwd = event.cwd
    if session.model is None:
        session.model = event.model
    if event.agent_pid is not None:
        session.agent_pid = event.agent_pid
    batch.sessions[session.pk] = session


def _close_before(batch: Batch, session: SessionState, at: int) -> None:
    close_all(batch, session, at)
    session.closed_at = max(session.closed_at or at, at)
    session.note_point(at)
