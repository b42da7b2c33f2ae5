"""
The one writer's room: a batch of events goes in, committed rows and an outcome for each come out.

Law: one transaction a batch. An event that the database refuses costs itself, never its
neighbours; a database that refuses everything costs nothing: the batch is still whole. What is
kept in memory holds only as long as nobody else writes, and that is looked at in each transaction.
"""

import copy
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from msgspec import Struct

from traced.core.errors import OrderTaken
from traced.core.event import Event, Outcome, Rejected
from traced.core.ledger.apply import apply
from traced.core.ledger.batch import Batch
from traced.core.ledger.session import SessionState
from traced.store import load, write
from traced.store.cache import UNITS_MAX, SessionCache
from traced.store.database import copy_log
from traced.store.faults import told_as_busy
from traced.store.gather import Gathered, gather
from traced.store.refusal import answer, concerns_all, refused, rejected
from traced.store.refused_rows import Kept, keep
from traced.store.removal import Slice, Work
from traced.store.running import RunningSession, running_sessions
from traced.store.statements import statement

# What a batch needs of its sessions is in memory at once, a hundred units and more of each.
SESSIONS_AT_ONCE_MAX: Final = 250

Entry = Event | Rejected


def nobody_else() -> None:
    """Keep no lock: nobody else opens this database."""


class _Counters(Struct):
    """The last numbers given, and what is kept of what was not taken."""

    sequence: int
    session_pk: int
    prompt_pk: int
    kept: Kept


class Recorder:
    """
    Writes batches through the writer's connection, and is used from that connection's thread only.

    With `by_owner`, the sender's uid is part of a session's identity (several users, one daemon).
    `keep_lock` is called before anything is written on top of what another process may have
    written, and raises where that one owns the database now.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        keep_lock: Callable[[], None] = nobody_else,
        *,
        by_owner: bool = False,
        units_max: int = UNITS_MAX,
        calls_max: int = load.CALLS_LOADED_MAX,
    ) -> None:
        self._connection = connection
        self._keep_lock = keep_lock
        self._by_owner = by_owner
        self._cache = SessionCache(units_max, calls_max)
        self._counters = _Counters(0, 0, 0, Kept(0, 0, 0))
        self._version: int | None = None

    def append(self, entries: Sequence[Entry], now: int) -> list[Outcome]:
        """
        Commit a batch at `now` (Unix ms); return what became of each entry, in their order.

        Raises:
            StoreBusy: If the database cannot be written just now. Nothing of the batch is stored,
                and the caller may give the same batch again.
            AlreadyRunning: If `keep_lock` raises it; nothing is stored.
        """
        with told_as_busy():
            try:
                return self._transact(self._all_at_once, entries, now)
            except Exception as error:
                if concerns_all(error):
                    raise
                return self._transact(self._one_by_one, entries, now)

    def agents_of(self, session_ids: Collection[str]) -> dict[str, str | None]:
        """
        Return the agent recorded for each of these session ids, if any; the first of several.

        Raises:
            StoreBusy: If the database cannot be read just now.
        """
        with told_as_busy():
            return load.agents(self._connection, session_ids)

    def running_sessions(self, after_pk: int, sessions_max: int) -> list[RunningSession]:
        """
        Return so many sessions that have running steps or sub-agents, by key; 0 is before all.

        Raises:
            StoreBusy: If the database cannot be read just now.
        """
        with told_as_busy():
            return running_sessions(self._connection, after_pk, sessions_max)

    def is_held_back(self) -> bool:
        """
        Bring the log into the file; return whether a reader keeps some of it from going there.

        Raises:
            StoreBusy: If that cannot be done just now.
        """
        return not copy_log(self._connection)

    def empty_page_cache(self) -> None:
        """Let go of the pages that are kept in memory; they are read again when needed."""
        self._connection.execute("PRAGMA shrink_memory")

    def remove(self, work: Work) -> Slice:
        """
        Let a function of `removal` do its transaction, and forget what it removed.

        Raises:
            StoreBusy: If the database cannot be written just now.
            AlreadyRunning: If `keep_lock` raises it; nothing is removed.
        """
        with told_as_busy():
            self._keep_lock()
            try:
                done = work(self._connection)
            except BaseException:
                self._version = None  # it may be committed all the same
                raise
        for key in done.hidden:
            self._cache.forget(key)
        if done.rejected_rows:
            self._version = None  # how many are left is counted again
        return done

    def prove(self) -> None:
        """
        Commit what is there already, to know that something can be.

        An empty transaction would prove nothing: it reaches neither the log nor the disk.

        Raises:
            StoreBusy: If it cannot.
        """
        with told_as_busy():
            self._transact(self._write_version, [], 0)

    def _transact(
        self,
        work: Callable[[Sequence[Entry], int], list[Outcome]],
        entries: Sequence[Entry],
        now: int,
    ) -> list[Outcome]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._keep_up()
            outcomes = work(entries, now)
            self._connection.execute("COMMIT")
        except BaseException:
            self._version = None  # what was changed in memory was not committed: loaded again
            if self._connection.in_transaction:  # some failures have ended it already
                self._connection.execute("ROLLBACK")
            raise
        return outcomes

    def _keep_up(self) -> None:
        """
        Reload what is kept in memory if anybody else may have written, now that nobody can.

        SQLite counts the commits of other connections, whatever they changed, in 2 µs a batch. The
        sequence alone would miss prompts, and taking the lock's identity each time costs as much.
        """
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return
        self._keep_lock()
        self._cache.clear()
        found = self._connection.execute(statement("select_counters")).fetchone()
        sequence, session_pk, prompt_pk, *kept = found
        self._counters = _Counters(sequence, session_pk, prompt_pk, Kept(*kept))
        self._version = version

    def _write_version(self, _entries: Sequence[Entry], _now: int) -> list[Outcome]:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        self._connection.execute(f"PRAGMA user_version = {int(version)}")
        return []

    def _all_at_once(self, entries: Sequence[Entry], now: int) -> list[Outcome]:
        return [outcome for part in _parts(entries) for outcome in self._append(part, now)]

    def _one_by_one(self, entries: Sequence[Entry], now: int) -> list[Outcome]:
        return [self._guarded(entry, now) for entry in entries]

    def _guarded(self, entry: Entry, now: int) -> Outcome:
        before = copy.copy(self._counters)
        self._connection.execute("SAVEPOINT entry")
        try:
            (outcome,) = self._append([entry], now)
        except Exception as error:
            if concerns_all(error):
                raise
            self._cache.clear()  # what was changed in memory is undone: loaded again
            self._counters = before
            self._connection.execute("ROLLBACK TO entry")  # fails where all was rolled back
            (outcome,) = self._append([refused(entry, error)], now)
        self._connection.execute("RELEASE entry")
        return outcome

    def _append(self, entries: Sequence[Entry], now: int) -> list[Outcome]:
        events = [event for entry in entries if (event := _event_of(entry)) is not None]
        gathered = gather(
            self._connection, self._cache, events, self._new_session_pk, by_owner=self._by_owner
        )
        batch = Batch(self._counters.sequence, now)
        places = zip(gathered.sessions, gathered.digests, strict=True)
        refusals: list[Rejected] = []
        outcomes: list[Outcome] = []
        for entry in entries:
            if isinstance(entry, Event):
                result = _record(batch, gathered, entry, *next(places))
            else:
                result = entry
                if entry.salvaged is not None:  # takes effect, though the line is rejected
                    _record(batch, gathered, entry.salvaged, *next(places))
            if isinstance(result, Rejected):
                refusals.append(result)
                result = answer(result)
            outcomes.append(result)
        self._write(batch, gathered, refusals)
        return outcomes

    def _write(self, batch: Batch, gathered: Gathered, refusals: Sequence[Rejected]) -> None:
        counters = self._counters
        for _, prompt in batch.prompts.values():
            if prompt.pk is None:
                counters.prompt_pk += 1
                prompt.pk = counters.prompt_pk
        write.batch(self._connection, batch)
        write.seen(self._connection, gathered.remembered)
        counters.kept = keep(self._connection, refusals, batch.now, counters.kept)
        counters.sequence = batch.sequence
        self._cache.settle(gathered.keys)

    def _new_session_pk(self) -> int:
        self._counters.session_pk += 1
        return self._counters.session_pk


def _parts(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Cut a batch where it would concern too many sessions at once; nothing is one part."""
    start = 0
    session_ids: set[str | None] = set()
    for position, entry in enumerate(entries):
        session_ids.add(entry.session_id)
        if len(session_ids) > SESSIONS_AT_ONCE_MAX:
            yield entries[start:position]
            start = position
            session_ids = {entry.session_id}
    yield entries[start:]


def _event_of(entry: Entry) -> Event | None:
    return entry if isinstance(entry, Event) else entry.salvaged


def _record(
    batch: Batch,
    gathered: Gathered,
    event: Event,
    session: SessionState | None,
    digest: int | None,
) -> Outcome | Rejected:
    if session is None:
        return event.outcome("ignored")
    is_seen = digest is not None and (session.pk, digest) in gathered.seen
    if is_seen and digest is not None and not event.is_row:
        order = gathered.seen[session.pk, digest]
        return event.outcome("duplicate", order)
    added = batch.added
    try:
        order = apply(batch, session, event)
    except OrderTaken as error:
        return rejected("bad_field", str(error), event)
    if event.imported and batch.added == added:
        return event.outcome("duplicate", order)
    if digest is not None and not is_seen:
        gathered.remember(session.pk, digest, order)
    return event.outcome("stored", order)
