"""
Sessions kept in memory between batches, so that a busy session is not loaded again.

Law: memory does not grow with the number of sessions; what is dropped is loaded again when needed.
"""

from collections import OrderedDict
from typing import Final

from traced.core.ledger.session import SessionState
from traced.store.load import SessionKey

# One unit is a cached session, call, prompt or sub-agent, about 1 KiB: some 10 MiB in all.
UNITS_MAX: Final = 10_000
# What is asked for again soon after its end: its batch event, and events that overtook each other.
ENDED_CALLS_MAX: Final = 64


class SessionCache:
    """The sessions used last; within a batch nothing is dropped."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[SessionKey, SessionState] = OrderedDict()
        self._units: dict[SessionKey, int] = {}
        self._units_total = 0

    def get(self, key: SessionKey) -> SessionState | None:
        """Return a session that is kept, now the one used last."""
        session = self._sessions.get(key)
        if session is not None:
            self._sessions.move_to_end(key)
        return session

    def add(self, key: SessionKey, session: SessionState) -> None:
        """Keep a session."""
        self._sessions[key] = session

    def clear(self) -> None:
        """Forget all, after a batch that was rolled back had changed them."""
        self._sessions.clear()
        self._units.clear()
        self._units_total = 0

    def settle(self, used: set[SessionKey]) -> None:
        """After a batch that used these sessions: drop what is over the bounds, oldest first."""
        for key in used:
            session = self._sessions[key]
            _end_batch(session)
            units = 1 + len(session.calls) + len(session.prompts) + len(session.sub_agents)
            self._units_total += units - self._units.get(key, 0)
            self._units[key] = units
        while self._units_total > UNITS_MAX and self._sessions:
            key, _ = self._sessions.popitem(last=False)
            self._units_total -= self._units.pop(key)


def _end_batch(session: SessionState) -> None:
    session.is_new = False
    session.orders_taken.clear()
    excess = len(session.calls) - len(session.running) - ENDED_CALLS_MAX
    if excess > 0:
        ended = [call_id for call_id, step in session.calls.items() if not step.running]
        for call_id in ended[:excess]:
            del session.calls[call_id]
        session.calls_complete = False
