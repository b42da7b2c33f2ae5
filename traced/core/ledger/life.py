"""
The life of a session: it starts, ends, is resumed, and with it what runs.

Law: a session is open if its latest start is not older than its latest end, in whatever order the
two were told. A submitted prompt shows as well as a start that it is open.
"""

from traced.core.event import Event, ModelChanged, RunningLost, SessionEnded, SessionStarted
from traced.core.ledger import alike
from traced.core.ledger.batch import Batch
from traced.core.ledger.running import close_all
from traced.core.ledger.session import SessionState


def told(
    batch: Batch,
    session: SessionState,
    event: Event,
    change: SessionStarted | SessionEnded | RunningLost | ModelChanged,
) -> None:
    """Take what an event tells of its session."""
    match change:
        case SessionStarted():
            _started(batch, session, event, change)
        case SessionEnded():
            _ended(batch, session, event, change)
        case RunningLost():
            # The agent is gone, but the session was not heard of again by that.
            _close_before(batch, session, event.at)
            batch.sessions[session.pk] = session
        case ModelChanged():
            session.model = event.model or session.model


def _started(batch: Batch, session: SessionState, event: Event, change: SessionStarted) -> None:
    """A session began or was resumed; unless it `continues`, what ran before is over."""
    if session.opened_at is None or session.opened_at <= event.at:
        session.cwd = event.cwd or session.cwd
        session.model = event.model or session.model
    opened(session, event.at)
    if not change.continues:
        _close_before(batch, session, event.at)


def opened(session: SessionState, at: int) -> None:
    """Note that a session was open at `at`: what ended it before is history."""
    if session.opened_at is None or session.opened_at < at:
        session.opened_at = at
    if session.ended_at is not None and session.ended_at <= at:
        session.ended_at = session.end_reason = None


def _ended(batch: Batch, session: SessionState, event: Event, change: SessionEnded) -> None:
    """A session is over, unless it was opened again since, or ended once more."""
    latest = max(session.opened_at or 0, session.ended_at or 0)
    if event.at >= latest:
        session.ended_at = event.at
        session.end_reason = change.reason
    _close_before(batch, session, event.at)


def touched(batch: Batch, session: SessionState, event: Event) -> None:
    """Whatever an event says of its session besides its changes."""
    session.last_event_at = max(session.last_event_at, min(event.at, batch.now))
    session.heard_at = batch.now
    if session.started_at is None or event.at < session.started_at:
        session.started_at = event.at
    if session.cwd is None:
        session.cwd = event.cwd
    if session.model is None:
        session.model = event.model
    if event.agent_pid is not None and event.at >= (session.opened_at or 0):
        session.agent_pid = event.agent_pid  # not that of the process before a resumption
    batch.sessions[session.pk] = session


def _close_before(batch: Batch, session: SessionState, at: int) -> None:
    close_all(batch, session, at)
    session.closed_at = max(session.closed_at or at, at)
    session.note_point(at)
    alike.point_told(batch, session)
