"""
Permission requests, which name no call: each belongs to the oldest call that ran and had none.

Law: whose a request is follows from when it and the calls were, never from what was told first.
"""

from typing import Final

from traced.core.event import Phase
from traced.core.ledger.batch import Ask, Batch
from traced.core.ledger.session import SessionState
from traced.core.ledger.step import StepState

# Far more than a user is ever asked at once; requests whose calls never come are not collected.
ASKS_MAX: Final = 100


def asked(batch: Batch, session: SessionState, match_key: int, at: int) -> StepState | None:
    """Return the step that has the request made at `at`, else None: it is kept for its call."""
    calls = _calls(session, match_key)
    if all(step.permission_at != at for step in calls):
        _keep(batch, session, match_key, at)
        _share_out(batch, session, match_key, calls)
    return next((step for step in calls if step.permission_at == at), None)


def told(batch: Batch, session: SessionState, step: StepState, phase: Phase) -> None:
    """After a call's start or end was told: see again whose the requests of its kind are."""
    match_key = step.match_key
    if match_key is None:
        return
    concerned = step.permission_at is not None or any(key == match_key for key, _ in session.asks)
    if not concerned and step.call_id is None:
        alike = session.alike[match_key]
        concerned = any(other.permission_at is not None for other in alike)
    elif not concerned and phase is Phase.START:
        concerned = any(
            other.match_key == match_key and other.permission_at is not None
            for other in session.running.values()
        )
    if concerned:
        _share_out(batch, session, match_key, _calls(session, match_key))


def _calls(session: SessionState, match_key: int) -> list[StepState]:
    # When a call of unknown end stopped running is not known, so it takes no request any more.
    calls = {
        step.id: step
        for step in (
            *session.running.values(),
            *session.calls.values(),
            *session.alike.get(match_key, ()),
        )
        if step.match_key == match_key and (step.running or step.ended_at is not None)
    }
    return sorted(calls.values(), key=lambda step: (step.started_at or 0, step.step_order))


def _share_out(batch: Batch, session: SessionState, match_key: int, calls: list[StepState]) -> None:
    waiting = [at for key, at in session.asks if key == match_key]
    held = [step.permission_at for step in calls if step.permission_at is not None]
    shares: dict[int, int] = {}
    for at in sorted({*waiting, *held}):
        taker = next((step for step in calls if step.id not in shares and _ran(step, at)), None)
        if taker is not None:
            shares[taker.id] = at
    taken = set(shares.values())
    for step in calls:
        if step.permission_at != shares.get(step.id):
            step.permission_at = shares.get(step.id)
            batch.step_changed(step)
    for at in held:
        if at not in taken:
            _keep(batch, session, match_key, at)
    for at in waiting:
        if at in taken:
            _drop(batch, session, match_key, at)


def _ran(step: StepState, at: int) -> bool:
    ended_at = None if step.running else step.ended_at
    began = step.started_at
    return began is not None and began <= at and (ended_at is None or at <= ended_at)


def _keep(batch: Batch, session: SessionState, match_key: int, at: int) -> None:
    if (match_key, at) in session.asks:
        return
    session.asks.append((match_key, at))
    batch.ask_kept(Ask(session.pk, match_key, at))
    if len(session.asks) > ASKS_MAX:
        _drop(batch, session, *min(session.asks, key=lambda ask: ask[1]))


def _drop(batch: Batch, session: SessionState, match_key: int, at: int) -> None:
    session.asks.remove((match_key, at))
    batch.ask_dropped(Ask(session.pk, match_key, at))
