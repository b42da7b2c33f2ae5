"""
The one writer's room: a batch of events goes in, committed rows and an outcome for each come out.

Law: one transaction a batch. An event that the database refuses costs itself, never its
neighbours; a database that refuses everything costs nothing: the batch is still whole.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

import aiosqlite
from msgspec import Struct

from traced.core.errors import OrderTaken, StoreBusy
from traced.core.event import Event, Outcome, Rejected
from traced.core.ledger.apply import apply
from traced.core.ledger.batch import Batch
from traced.store import write
from traced.store.cache import SessionCache
from traced.store.database import run_in_writer_thread
from traced.store.gather import Gathered, gather
from traced.store.statements import statement

REJECTED_ROWS_MAX: Final = 10_000

Entry = Event | Rejected


class RunningSession(Struct, frozen=True):
    """A session with running steps: which process its agent is, and when it was heard of last."""

    agent: str
    session_id: str
    owner_uid: int
    agent_pid: int | None
    last_event_at: int


class Recorder:
    """
    Writes batches through the writer's connection, and is used from that connection's thread only.

    With `by_owner`, the sender's uid is part of a session's identity (several users, one daemon).
    """

    def __init__(self, connection: sqlite3.Connection, *, by_owner: bool = False) -> None:
        self._connection = connection
        self._by_owner = by_owner
        self._cache = SessionCache()
        sequence, session_pk, prompt_pk = connection.execute(
            statement("select_counters")
        ).fetchone()
        self._sequence: int = sequence
        self._session_pk: int = session_pk
        self._prompt_pk: int = prompt_pk
        self._rejected_rows = self._count_rejected()

    def append(self, entries: Sequence[Entry], now: int) -> list[Outcome]:
        """
        Commit a batch at `now` (Unix ms); return what became of each entry, in their order.

        Raises:
            StoreBusy: If the database cannot be written just now. Nothing of the batch is stored,
                and the caller may give the same batch again.
        """
        try:
            try:
                return self._transact(entries, now, one_by_one=False)
            except sqlite3.OperationalError:
                raise
            except Exception as error:
                if type(error) is sqlite3.DatabaseError:  # a damaged file, not a refused row
                    raise
                return self._transact(entries, now, one_by_one=True)
        except sqlite3.DatabaseError as error:
            raise StoreBusy(str(error)) from error

    def agent_of(self, session_id: str) -> str | None:
        """Return the agent recorded for a session id, if any."""
        row = self._connection.execute(
            statement("select_agent_of_session"), {"session_id": session_id}
        ).fetchone()
        return None if row is None else str(row[0])

    def running_sessions(self) -> list[RunningSession]:
        """Return the sessions that have running steps."""
        try:
            rows = self._connection.execute(statement("select_running_sessions")).fetchall()
        except sqlite3.DatabaseError as error:
            raise StoreBusy(str(error)) from error
        return [RunningSession(*row) for row in rows]

    def prove(self) -> None:
        """
        Commit something, to know that it can be done.

        Raises:
            StoreBusy: If it cannot.
        """
        self.append([], 0)

    def _transact(self, entries: Sequence[Entry], now: int, *, one_by_one: bool) -> list[Outcome]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            if one_by_one:
                outcomes = [self._guarded(entry, now) for entry in entries]
            else:
                outcomes = self._append(entries, now)
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back("ROLLBACK")
            raise
        return outcomes

    def _guarded(self, entry: Entry, now: int) -> Outcome:
        self._connection.execute("SAVEPOINT entry")
        try:
            outcome = self._append([entry], now)[0]
        except sqlite3.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever one event causes costs that event
            self._roll_back("ROLLBACK TO entry")
            detail = f"the database refused it: {type(error).__name__}: {error}"
            outcome = self._append([_rejected(entry, "storage_error", detail)], now)[0]
        self._connection.execute("RELEASE entry")
        return outcome

    def _roll_back(self, statement_text: str) -> None:
        # The states of the batch have changed in memory and must be loaded again.
        self._cache.clear()
        if self._connection.in_transaction:
            self._connection.execute(statement_text)
        self._rejected_rows = self._count_rejected()

    def _append(self, entries: Sequence[Entry], now: int) -> list[Outcome]:
        events = [event for entry in entries if (event := _event_of(entry)) is not None]
        gathered = gather(
            self._connection, self._cache, events, self._new_session_pk, by_owner=self._by_owner
        )
        batch = Batch(self._sequence, now)
        refused: list[Rejected] = []
        outcomes: list[Outcome] = []
        positions = iter(range(len(events)))
        for entry in entries:
            event = _event_of(entry)
            result = None if event is None else _record(batch, gathered, event, next(positions))
            if isinstance(entry, Rejected):
                result = entry
            if isinstance(result, Rejected):
                refused.append(result)
                result = _refusal(result)
            if result is not None:
                outcomes.append(result)
        self._write(batch, gathered, refused)
        return outcomes

    def _write(self, batch: Batch, gathered: Gathered, refused: Sequence[Rejected]) -> None:
        for _, prompt in batch.prompts.values():
            if prompt.pk is None:
                self._prompt_pk += 1
                prompt.pk = self._prompt_pk
        write.batch(self._connection, batch)
        write.seen(self._connection, gathered.remembered)
        kept = refused[: max(0, REJECTED_ROWS_MAX - self._rejected_rows)]
        write.rejected(self._connection, kept, batch.now)
        self._rejected_rows += len(kept)
        self._sequence = batch.sequence
        self._cache.settle(gathered.keys)

    def _new_session_pk(self) -> int:
        self._session_pk += 1
        return self._session_pk

    def _count_rejected(self) -> int:
        (count,) = self._connection.execute(statement("count_rejected")).fetchone()
        return int(count)


def _event_of(entry: Entry) -> Event | None:
    return entry if isinstance(entry, Event) else entry.salvaged


def _record(batch: Batch, gathered: Gathered, event: Event, position: int) -> Outcome | Rejected:
    session = gathered.sessions[position]
    if session is None:
        return Outcome("ignored", event.session_id, event.event_id)
    digest = gathered.digests[position]
    if digest is not None and (session.pk, digest) in gathered.seen:
        order = gathered.seen[session.pk, digest]
        return Outcome("duplicate", event.session_id, event.event_id, order)
    try:
        order = apply(batch, session, event)
    except OrderTaken as error:
        return _rejected(event, "bad_field", str(error))
    if digest is not None:
        gathered.remember(session.pk, digest, order)
    return Outcome("stored", event.session_id, event.event_id, order)


def _rejected(entry: Entry, reason: str, detail: str) -> Rejected:
    return Rejected(
        reason=reason,
        detail=detail,
        raw=None,
        length=0,
        agent=entry.agent,
        session_id=entry.session_id,
        event_id=entry.event_id,
    )


def _refusal(rejected: Rejected) -> Outcome:
    return Outcome(
        "rejected",
        rejected.session_id,
        rejected.event_id,
        error=rejected.detail,
        reason=rejected.reason,
    )


async def open_recorder(connection: aiosqlite.Connection, *, by_owner: bool = False) -> Recorder:
    """
    Make the recorder of a writer's connection, and prove that it can commit.

    Raises:
        StoreBusy: If it cannot just now.
    """

    def make(raw: sqlite3.Connection) -> Recorder:
        recorder = Recorder(raw, by_owner=by_owner)
        recorder.prove()
        return recorder

    return await run_in_writer_thread(connection, make, connection._conn)  # noqa: SLF001
