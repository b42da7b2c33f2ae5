"""
Sessions kept in memory between batches, so that a busy session is not loaded again.

Law: memory does not grow with the number of sessions, nor with what was captured; what is dropped
is loaded again when needed, and what is kept of a session is what loading it would give.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from traced.core.ledger.session import SessionState
from traced.store import load
from traced.store.load import CALLS_LOADED_MAX, SessionKey

# One unit is a cached session, call, prompt or sub-agent, about 1 KiB: some 10 MiB in all.
UNITS_MAX: Final = 10_000


class SessionCache:
    """
    The sessions used last; within a batch nothing is dropped.

    Of each session's calls that have ended, those among its last `calls_max` steps are kept.
    """

    def __init__(self, units_max: int = UNITS_MAX, calls_max: int = CALLS_LOADED_MAX) -> None:
        self.calls_max = calls_max
        self._units_max = units_max
        self._sessions: OrderedDict[SessionKey, SessionState] = OrderedDict()
        self._units: dict[SessionKey, int] = {}
        self._units_total = 0

    def __len__(self) -> int:
        """Return how many sessions are kept."""
        return len(self._sessions)

    def get(self, key: SessionKey) -> SessionState | None:
        """Return a session that is kept, now the one used last."""
        session = self._sessions.get(key)
        if session is not None:
            self._sessions.move_to_end(key)
        return session

    def add(self, key: SessionKey, session: SessionState) -> None:
        """Keep a session."""
        self._sessions[key] = session

    def forget(self, key: SessionKey) -> None:
        """Forget a session that was removed from the database, if it is kept."""
        if self._sessions.pop(key, None) is not None:
            self._units_total -= self._units.pop(key, 0)

    def clear(self) -> None:
        """Forget all, after a batch that was rolled back had changed them."""
        self._sessions.clear()
        self._units.clear()
        self._units_total = 0

    def settle(self, used: Iterable[SessionKey]) -> None:
        """After a batch that used these sessions: drop what is over the bounds, oldest first."""
        for key in used:
            session = self._sessions[key]
            _end_batch(session, self.calls_max)
            units = _units_of(session)
            self._units_total += units - self._units.get(key, 0)
            self._units[key] = units
        while self._units_total > self._units_max:
            key, _ = self._sessions.popitem(last=False)
            self._units_total -= self._units.pop(key)


def _end_batch(session: SessionState, calls_max: int) -> None:
    session.is_new = False
    session.orders_taken.clear()
    session.at_orders.clear()
    session.orders_of_events.clear()
    old_order = session.last_step_order - calls_max
    _drop_old_calls(session, old_order)
    _drop_old_alike(session, old_order)
    load.drop_old_prompts(session)


def _drop_old_calls(session: SessionState, old_order: int) -> None:
    if old_order < 0:
        return
    old = [
        call_id
        for call_id, step in session.calls.items()
        if step.step_order <= old_order and not step.running
    ]
    for call_id in old:
        del session.calls[call_id]
        session.calls_complete = False


def _drop_old_alike(session: SessionState, old_order: int) -> None:
    for match_key, steps in list(session.alike.items()):
        if steps[-1].step_order <= old_order and not any(step.running for step in steps):
            del session.alike[match_key]
            session.alike_complete = False


def _units_of(session: SessionState) -> int:
    # Running steps are among the calls, but for those without a call id, which count twice.
    steps = max(len(session.calls), len(session.running))
    steps += sum(map(len, session.alike.values()))
    return 1 + steps + len(session.prompts) + len(session.sub_agents) + len(session.asks)
