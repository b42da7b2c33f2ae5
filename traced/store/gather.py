"""
Before a batch is applied: all that its events will ask for, at hand.

Law: after this, applying the batch asks the database nothing.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from traced.core.event import (
    AgentStarted,
    Change,
    Event,
    PermissionAsked,
    PromptEnded,
    PromptSubmitted,
    RunningLost,
    SessionEnded,
    SessionStarted,
    StepChange,
    TokensUsed,
)
from traced.core.exported import ExportedAgent, ExportedPrompt, ExportedStep
from traced.core.ledger.session import SessionState
from traced.store import load
from traced.store.cache import SessionCache
from traced.store.load import SessionKey
from traced.store.taken import digest_of

NO_OWNER: Final = -1


class Gathered(Struct):
    """
    Each event's session and digest, by the event's position, and what was seen before.

    The session of an event without changes is None; so is the digest of one without an event id.
    """

    keys: Sequence[SessionKey]
    sessions: list[SessionState | None]
    digests: list[int | None]
    seen: dict[tuple[int, int], int | None]
    remembered: list[tuple[int, int, int | None]] = field(default_factory=list)

    def remember(self, session_pk: int, digest: int, order: int | None) -> None:
        """Note that an event has been taken, and what its sender was told."""
        self.seen[session_pk, digest] = order
        self.remembered.append((session_pk, digest, order))


class _Wanted(Struct):
    """What the changes of a batch name that is not in memory, each with its session."""

    calls: dict[tuple[int, str], SessionState] = field(default_factory=dict)
    alike: dict[tuple[int, int], SessionState] = field(default_factory=dict)
    points: dict[int, tuple[int, SessionState]] = field(default_factory=dict)
    prompt_ids: dict[tuple[int, str], SessionState] = field(default_factory=dict)
    prompt_numbers: dict[tuple[int, int], SessionState] = field(default_factory=dict)
    orders: dict[tuple[int, int], SessionState] = field(default_factory=dict)
    places: dict[tuple[int, int], SessionState] = field(default_factory=dict)

    def note_step(self, session: SessionState, change: StepChange) -> None:
        """Note what one event of a step names."""
        if change.call_id is not None:
            self.step(session, change, change.call_id)
        elif change.match_key is not None or change.child_agent_id is not None:
            self.alike_to(session, change.match_key)
            self.launcher(session, change.child_agent_id)
        if change.step_order is not None:
            self.order(session, change.step_order)
        if change.prompt_number is not None:
            self.prompt_number(session, change.prompt_number)
        if change.prompt_id is not None:
            self.prompt_id(session, change.prompt_id)

    def note(self, session: SessionState, change: Change, at: int) -> None:
        """Note what any other change of an event at `at` names."""
        match change:
            case PermissionAsked():
                self.alike_to(session, change.match_key)
            case AgentStarted():
                self.prompt_id(session, change.prompt_id)
            case TokensUsed():
                self.prompt_id(session, change.prompt_id)
                self.prompt_number(session, change.prompt_number)
            case PromptSubmitted() | PromptEnded():
                self.prompt_id(session, change.prompt_id)
                self.prompt_number(session, change.prompt_number)
                self.point(session, at)
            case SessionStarted() | SessionEnded() | RunningLost():
                self.point(session, at)
            case ExportedStep():
                self.call(session, change.call_id)
                self.place(session, change.step_order)
                self.prompt_id(session, change.prompt_id)
            case ExportedPrompt() | ExportedAgent():
                self.prompt_id(session, change.prompt_id)
                self.prompt_number(session, change.prompt_number)

    def step(self, session: SessionState, change: StepChange, call_id: str) -> None:
        """Note the call of a step, and the sub-agent it may have launched."""
        step = session.calls.get(call_id)
        if step is None:
            self.call(session, call_id)
            self.launcher(session, change.child_agent_id)
        else:
            self.launcher(session, change.child_agent_id or step.child_agent_id)

    def call(self, session: SessionState, call_id: str | None) -> None:
        """Note a call."""
        if call_id is not None and not session.calls_complete and call_id not in session.calls:
            self.calls[session.pk, call_id] = session

    def alike_to(self, session: SessionState, match_key: int | None) -> None:
        """Note the calls without an id of a key."""
        if match_key is not None and not session.alike_complete and match_key not in session.alike:
            self.alike[session.pk, match_key] = session

    def point(self, session: SessionState, at: int) -> None:
        """Note a point that tells calls without an id apart, if it may lie before known ones."""
        if at < session.last_event_at and not session.alike_complete:
            earliest, _ = self.points.get(session.pk, (at, session))
            self.points[session.pk] = min(at, earliest), session

    def launcher(self, session: SessionState, agent_id: str | None) -> None:
        """Note the call that launched a sub-agent: it decides whether another may have."""
        if agent_id is not None and agent_id in session.sub_agents:
            self.call(session, session.sub_agents[agent_id].call_id)

    def order(self, session: SessionState, order: int) -> None:
        """Note an explicit step order that may be taken."""
        if order <= session.last_step_order:
            self.orders[session.pk, order] = session

    def place(self, session: SessionState, order: int) -> None:
        """Note the order of a row, which another step may have, or that very one."""
        if order <= session.last_step_order:
            self.places[session.pk, order] = session

    def prompt_id(self, session: SessionState, prompt_id: str | None) -> None:
        """Note a prompt or turn id."""
        if (
            prompt_id is not None
            and not session.prompts_complete
            and prompt_id not in session.prompts_by_id
        ):
            self.prompt_ids[session.pk, prompt_id] = session

    def prompt_number(self, session: SessionState, number: int | None) -> None:
        """Note a prompt's number."""
        if (
            number is not None
            and not session.prompts_complete
            and number not in session.prompt_numbers
        ):
            self.prompt_numbers[session.pk, number] = session


def gather(
    connection: sqlite3.Connection,
    cache: SessionCache,
    events: Sequence[Event],
    new_pk: Callable[[], int],
    *,
    by_owner: bool,
) -> Gathered:
    """Find or make the session of each event and load what they will need of it."""
    keys = [_key(event, by_owner=by_owner) if event.changes else None for event in events]
    found = _sessions(connection, cache, {key: None for key in keys if key is not None}, new_pk)
    sessions = [None if key is None else found[key] for key in keys]
    ids = [event.known_by or event.event_id for event in events]
    digests = [None if known is None else digest_of(known) for known in ids]
    wanted = _Wanted()
    wanted_digests: list[tuple[int, int]] = []
    for session, event, digest in zip(sessions, events, digests, strict=True):
        if session is None or session.is_new:  # nothing of a new one is in the database
            continue
        if digest is not None:
            wanted_digests.append((session.pk, digest))
        for change in event.changes:
            if isinstance(change, StepChange):
                wanted.note_step(session, change)
            else:
                wanted.note(session, change, event.at)
    _load_calls(connection, wanted.calls)
    _load_alike(connection, wanted)
    _load_prompts(connection, wanted)
    for session_pk, order, name in load.orders(connection, wanted.orders):
        wanted.orders[session_pk, order].orders_taken[order] = name
    seen = load.seen(connection, wanted_digests)
    if seen:  # rare: somebody sent an event again
        _note_orders(wanted, zip(sessions, events, digests, strict=True), seen)
    for step in load.steps_at(connection, wanted.places):
        wanted.places[step.session_pk, step.step_order].at_orders[step.step_order] = step
    return Gathered(list(found), sessions, digests, seen)


def _note_orders(
    wanted: _Wanted,
    found: Iterable[tuple[SessionState | None, Event, int | None]],
    seen: Mapping[tuple[int, int], int | None],
) -> None:
    """Note which steps events made, where rows come back that are known by them."""
    for session, event, digest in found:
        if session is None or digest is None or event.known_by is None or not event.is_row:
            continue
        order = seen.get((session.pk, digest))
        if order is not None:
            session.orders_of_events[event.known_by] = order
            wanted.place(session, order)


def _key(event: Event, *, by_owner: bool) -> SessionKey:
    owner = event.peer_uid if by_owner and event.peer_uid is not None else NO_OWNER
    return event.agent, event.session_id, owner


def _sessions(
    connection: sqlite3.Connection,
    cache: SessionCache,
    keys: Iterable[SessionKey],
    new_pk: Callable[[], int],
) -> dict[SessionKey, SessionState]:
    kept = {key: cache.get(key) for key in keys}
    missing = [key for key, session in kept.items() if session is None]
    loaded = load.sessions(connection, missing, cache.calls_max)
    found: dict[SessionKey, SessionState] = {}
    for key, session in kept.items():
        found[key] = session or loaded.get(key) or SessionState(new_pk(), *key)
        cache.add(key, found[key])
    return found


def _load_calls(
    connection: sqlite3.Connection, wanted: dict[tuple[int, str], SessionState]
) -> None:
    launchers = _Wanted()
    for step in load.calls(connection, wanted):
        if step.call_id is not None:
            session = wanted[step.session_pk, step.call_id]
            session.calls[step.call_id] = step
            launchers.launcher(session, step.child_agent_id)
    if launchers.calls:
        _load_calls(connection, launchers.calls)


def _load_alike(connection: sqlite3.Connection, wanted: _Wanted) -> None:
    points = [(session_pk, at) for session_pk, (at, _) in wanted.points.items()]
    for session_pk, match_key in load.alike_since(connection, points):
        wanted.alike_to(wanted.points[session_pk][1], match_key)
    for step in load.alike(connection, wanted.alike):
        if step.match_key is not None:
            session = wanted.alike[step.session_pk, step.match_key]
            known = session.running.get(step.id, step)
            session.alike.setdefault(step.match_key, []).append(known)


def _load_prompts(connection: sqlite3.Connection, wanted: _Wanted) -> None:
    sessions = {
        session.pk: session
        for session in (*wanted.prompt_ids.values(), *wanted.prompt_numbers.values())
    }
    for session_pk, prompt in load.prompts(connection, wanted.prompt_ids, wanted.prompt_numbers):
        sessions[session_pk].add_prompt(prompt)
