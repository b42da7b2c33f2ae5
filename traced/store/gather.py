"""
Before a batch is applied: all that its events will ask for, at hand.

Law: after this, applying the batch asks the database nothing.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Final

from msgspec import Struct, field

from traced.core.event import Event, PromptEnded, PromptSubmitted, StepChange
from traced.core.ledger.session import SessionState
from traced.store import load
from traced.store.cache import SessionCache
from traced.store.load import SessionKey

NO_OWNER: Final = -1


class Gathered(Struct):
    """
    Each event's session and digest, by the event's position, and what was seen before.

    The session of an event without changes is None; so is the digest of one without an event id.
    """

    keys: set[SessionKey] = field(default_factory=set)
    sessions: list[SessionState | None] = field(default_factory=list)
    digests: list[int | None] = field(default_factory=list)
    seen: dict[tuple[int, int], int | None] = field(default_factory=dict)
    remembered: list[tuple[int, int, int | None]] = field(default_factory=list)

    def remember(self, session_pk: int, digest: int, order: int | None) -> None:
        """Note that an event has been taken, and what its sender was told."""
        self.seen[session_pk, digest] = order
        self.remembered.append((session_pk, digest, order))


def gather(
    connection: sqlite3.Connection,
    cache: SessionCache,
    events: Sequence[Event],
    new_pk: Callable[[], int],
    *,
    by_owner: bool,
) -> Gathered:
    """Find or make the session of each event and load what they will need of it."""
    gathered = Gathered()
    keys = [_key(event, by_owner=by_owner) if event.changes else None for event in events]
    sessions = _sessions(connection, cache, {key for key in keys if key is not None}, new_pk)
    gathered.keys = set(sessions)
    gathered.sessions = [sessions[key] if key is not None else None for key in keys]
    gathered.digests = [
        _digest(event.event_id) if event.event_id is not None else None for event in events
    ]
    pairs = [
        (session, event)
        for session, event in zip(gathered.sessions, events, strict=True)
        if session is not None
    ]
    gathered.seen = load.seen(
        connection,
        [
            (session.pk, digest)
            for session, digest in zip(gathered.sessions, gathered.digests, strict=True)
            if session is not None and digest is not None and not session.is_new
        ],
    )
    _load_calls(connection, pairs)
    _load_prompts(connection, pairs)
    _load_orders(connection, pairs)
    return gathered


def _key(event: Event, *, by_owner: bool) -> SessionKey:
    owner = event.peer_uid if by_owner and event.peer_uid is not None else NO_OWNER
    return event.agent, event.session_id, owner


def _digest(event_id: str) -> int:
    digest = blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _sessions(
    connection: sqlite3.Connection,
    cache: SessionCache,
    keys: set[SessionKey],
    new_pk: Callable[[], int],
) -> dict[SessionKey, SessionState]:
    found: dict[SessionKey, SessionState] = {}
    for key in keys:
        session = cache.get(key)
        if session is not None:
            found[key] = session
    found |= load.sessions(connection, keys - found.keys())
    for key in keys:
        if key not in found:
            agent, session_id, owner = key
            found[key] = SessionState(new_pk(), agent, session_id, owner)
        cache.add(key, found[key])
    return found


def _load_calls(
    connection: sqlite3.Connection, pairs: Sequence[tuple[SessionState, Event]]
) -> None:
    wanted = {
        (session.pk, change.call_id): session
        for session, change in _steps(pairs)
        if change.call_id is not None
        and not session.calls_complete
        and change.call_id not in session.calls
    }
    for step in load.calls(connection, wanted):
        if step.call_id is not None:
            wanted[step.session_pk, step.call_id].calls[step.call_id] = step


def _load_prompts(
    connection: sqlite3.Connection, pairs: Sequence[tuple[SessionState, Event]]
) -> None:
    wanted: dict[tuple[int, str | int], SessionState] = {}
    for session, event in pairs:
        if session.prompts_complete:
            continue
        for change in event.changes:
            if isinstance(change, StepChange) and change.prompt_number is not None:
                if change.prompt_number not in session.prompt_numbers:
                    wanted[session.pk, change.prompt_number] = session
            elif (
                isinstance(change, StepChange | PromptSubmitted | PromptEnded)
                and change.prompt_id is not None
                and change.prompt_id not in session.prompts_by_id
            ):
                wanted[session.pk, change.prompt_id] = session
    sessions = {session.pk: session for session in wanted.values()}
    for session_pk, prompt in load.prompts(connection, wanted):
        sessions[session_pk].add_prompt(prompt)


def _load_orders(
    connection: sqlite3.Connection, pairs: Sequence[tuple[SessionState, Event]]
) -> None:
    wanted = {
        (session.pk, change.step_order): session
        for session, change in _steps(pairs)
        if change.step_order is not None and change.step_order <= session.last_step_order
    }
    for session_pk, order, name in load.orders(connection, wanted):
        wanted[session_pk, order].orders_taken[order] = name


def _steps(
    pairs: Sequence[tuple[SessionState, Event]],
) -> Iterator[tuple[SessionState, StepChange]]:
    for session, event in pairs:
        for change in event.changes:
            if isinstance(change, StepChange):
                yield session, change
