"""
What was not taken: whose fault it is, and what is kept of it.

Law: only what one event causes costs that event. Whatever would hold for every event, a locked or
damaged database, a full disk, no memory, or a number of ours that is taken, costs none: it is
`StoreBusy`, and tried again.
"""

import sqlite3
from typing import Final

import msgspec

from traced.core.errors import TracedError
from traced.core.event import Event, Outcome, Rejected
from traced.core.fault import fault

# The recorder gives it; other numbers are looked for before, or overwrite what has them.
NUMBER_TAKEN: Final = "UNIQUE constraint failed: step.id"


def concerns_all(error: Exception) -> bool:
    """Tell whether no event could be stored now, rather than one that cannot be stored ever."""
    if isinstance(
        error, sqlite3.OperationalError | sqlite3.InternalError | MemoryError | TracedError
    ):
        return True
    if isinstance(error, sqlite3.IntegrityError):
        return str(error) == NUMBER_TAKEN
    return type(error) is sqlite3.DatabaseError  # a damaged file; its subclasses are of one row


def refused(entry: Event | Rejected, error: Exception) -> Rejected:
    """
    Return what is kept in place of an entry that caused this error, in texts that can be stored.

    A line that was rejected before stays rejected for its own reason; only what could be saved of
    it is lost.
    """
    if isinstance(entry, Rejected):
        return msgspec.structs.replace(
            entry,
            detail=_storable(entry.detail),
            agent=_storable_or_none(entry.agent),
            session_id=_storable_or_none(entry.session_id),
            event_id=_storable_or_none(entry.event_id),
            salvaged=None,
        )
    return rejected(
        "storage_error",
        f"the database refused it: {_told(error)}",
        msgspec.structs.replace(
            entry,
            agent=_storable(entry.agent),
            session_id=_storable(entry.session_id),
            event_id=_storable_or_none(entry.event_id),
        ),
    )


def rejected(reason: str, detail: str, event: Event) -> Rejected:
    """Return what is kept of an event that cannot be taken: its line is gone by now."""
    return Rejected(
        reason,
        detail,
        raw=None,
        length=0,
        agent=event.agent,
        session_id=event.session_id,
        event_id=event.event_id,
        origin=event.origin,
    )


def answer(refusal: Rejected) -> Outcome:
    """Return the answer to the sender of a rejected event."""
    return Outcome(
        event_id=refusal.event_id,
        status="rejected",
        session_id=refusal.session_id,
        error=refusal.detail,
        reason=refusal.reason,
    )


def _told(error: Exception) -> str:
    # Messages of the database name columns and positions; those of others may hold what was sent.
    if isinstance(error, sqlite3.Error | OverflowError | UnicodeError):
        return str(error)
    return fault(error)


def _storable(text: str) -> str:
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd")


def _storable_or_none(text: str | None) -> str | None:
    return None if text is None else _storable(text)
