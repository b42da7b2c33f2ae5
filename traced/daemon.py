"""
The daemon's life: what is started in which order, and stopped in the reverse.

Law: it reads aloud. Locks, then the database, then the spool, then the socket, then ready; at a
stop the socket first, then what waits, then the database. What is not in the database when the
time is up goes back to the spool; where the database is another daemon's by then, that is all.
"""

import math
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from typing import Final

import anyio
import structlog
from anyio.abc import TaskGroup

from traced.config import Config
from traced.core.errors import AlreadyRunning, EventsLost, StoreBusy
from traced.heartbeat import Heartbeat
from traced.ingest import lost, minute
from traced.ingest.endpoint import Lock, keep_database, keep_socket, locked
from traced.ingest.handback import hand_back
from traced.ingest.listening import Endpoint, endpoint
from traced.ingest.memory import keep_together
from traced.ingest.writer import retry_seconds
from traced.reload import Reloader
from traced.rooms import Rooms
from traced.service_manager import ServiceManager, passed_socket
from traced.signals import Signals, has_terminal
from traced.store.store import Store, open_store

# Half a millisecond instead of five: the writer's thread gets the interpreter back soon after each
# statement, which tripled the rows it inserts beside a busy event loop.
SWITCH_SECONDS: Final = 0.0005
INTERRUPT_SECONDS: Final = 0.05
# The backup and the migration of a large database on a slow disk, at one attempt to open it.
OPEN_SECONDS: Final = 600.0
# Beyond the time to drain: handing back to the spool, the last checkpoint.
STOP_SECONDS: Final = 10.0
# To read what waits takes milliseconds; beyond that it would be waiting for what is not coming.
OUSTED_DRAIN_SECONDS_MAX: Final = 1.0

log = structlog.get_logger()

Received = AsyncIterator[signal.Signals]


async def serve(
    config: Config, ready: Callable[[], None], read: Callable[[], Config] | None = None
) -> None:
    """
    Record until a signal ends it; `ready` is called once a commit has been proved possible.

    `read` reads the settings anew when a SIGHUP asks for that; without it they stay.

    Raises:
        AlreadyRunning: If another daemon holds the database or the socket, or takes the database.
        ConfigError: If the socket's place is taken by something else, or what a service manager
            passed is no socket to listen on.
        StoreError: If the database cannot be used.
        EventsLost: If at the stop something could be neither stored nor spooled.
    """
    signals = Signals(has_terminal=has_terminal())
    manager = ServiceManager(os.environ)
    os.umask(0o077)
    sys.setswitchinterval(SWITCH_SECONDS)
    keep_together()
    with (
        anyio.open_signal_receiver(*signals.wanted) as received,
        locked(config.db, "database", later=True) as lock,
        endpoint(config.socket, passed_socket(os.environ)) as place,
    ):
        shared = config.senders == "group"
        async with open_store(config.db, config.durability, lock.follow, by_owner=shared) as store:
            if await _opened(store, manager, signals, received):
                daemon = Daemon(config, store, manager, signals, read or (lambda: config))
                await daemon.record(place, lock, received, ready)
    log.info("stopped")


async def _opened(
    store: Store, manager: ServiceManager, signals: Signals, received: Received
) -> bool:
    """
    Wait until the database can be used; return False if a signal ended the wait.

    Raises:
        StoreError: If waiting will not mend it.
    """
    told: str | None = None
    manager.status("opening the database")
    for patience in retry_seconds():
        manager.extend(OPEN_SECONDS)
        try:
            await store.open()
        except StoreBusy as error:
            failure = str(error)
        else:
            return True
        if failure != told:
            log.error("database_unavailable", error=failure, retry_seconds=patience)
            told = failure
        manager.status(f"waiting for the database: {failure}")
        if await signals.ended_within(received, patience):
            return False
    return False


class Daemon:
    """Records from ready to the end; its database is open."""

    def __init__(
        self,
        config: Config,
        store: Store,
        manager: ServiceManager,
        signals: Signals,
        read: Callable[[], Config],
    ) -> None:
        self._config = config
        self._store = store
        self._signals = signals
        self._rooms = rooms = Rooms(config, store)
        self._heartbeat = Heartbeat(
            manager, rooms.pulse, rooms.figures, rooms.state, lambda: rooms.writer.failure
        )
        rooms.writer.changed = self._heartbeat.tell_status
        self._reloader = Reloader(config, read, rooms)
        self._stop_at = math.inf
        self._ousted: AlreadyRunning | None = None

    async def record(
        self,
        place: Endpoint,
        lock: Lock,
        received: Received,
        ready: Callable[[], None],
    ) -> None:
        """
        Run until a signal ends it, or another daemon has the database's lock, then drain.

        Whatever ends it, what was read and is not stored is handed back to the spool. See `serve`.
        """
        rooms = self._rooms
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(rooms.writer.run)
                tasks.start_soon(self._heartbeat.run)
                async with anyio.create_task_group() as watchers:
                    watchers.start_soon(self._stop_on_signal, received, watchers.cancel_scope)
                    watchers.start_soon(self._stop_if_ousted, lock, watchers.cancel_scope)
                    watchers.start_soon(
                        self._reloader.watch, self._signals.reload_asked, self._heartbeat.reloading
                    )
                    await rooms.spool.take_all()
                    self._listen(place, watchers)
                    watchers.start_soon(rooms.listener.traffic.watch)
                    watchers.start_soon(rooms.spool_pace.keep, rooms.spool.take_all)
                    watchers.start_soon(rooms.spool_pace.hand_on, rooms.spool.measure)
                    watchers.start_soon(lost.watch, self._store)
                    watchers.start_soon(rooms.spool_pace.hand_on, rooms.notes.watch)
                    watchers.start_soon(minute.watch, rooms.figures)
                    watchers.start_soon(rooms.retention.watch)
                    watchers.start_soon(rooms.background.run)
                    watchers.start_soon(rooms.readers.watch)
                    watchers.start_soon(rooms.memory.watch)
                    log.info("ready", socket=place.name, database=str(self._config.db))
                    self._heartbeat.ready()
                    ready()
                await self._drain(place)
                tasks.cancel_scope.cancel()
                await self._cut_short()
        finally:
            rooms.listener.close()
            count = self._hand_back()
        if count:
            raise EventsLost(
                f"{count} events are lost: the log says why, expected room in the spool"
            )
        if self._ousted is not None:
            raise self._ousted

    def _listen(self, place: Endpoint, watchers: TaskGroup) -> None:
        listener = self._rooms.listener
        listener.start(place.sock)
        if place.lock is not None:
            watchers.start_soon(keep_socket, place.path, listener.start, place.lock)

    async def _stop_on_signal(self, received: Received, scope: anyio.CancelScope) -> None:
        await self._signals.wait_for_end(received)
        self._stop_at = anyio.current_time() + self._reloader.config.drain_seconds_max
        scope.cancel()

    async def _stop_if_ousted(self, lock: Lock, scope: anyio.CancelScope) -> None:
        try:
            await keep_database(lock)
        except AlreadyRunning as error:
            log.error("database_taken", why=str(error))  # noqa: TRY400  # no fault of the program
            self._ousted = error
            self._stop_at = anyio.current_time() + OUSTED_DRAIN_SECONDS_MAX
            self._rooms.intake.cut()  # what is read from now on is only handed back
            scope.cancel()

    async def _drain(self, place: Endpoint) -> None:
        rooms = self._rooms
        log.info("stopping", queued=rooms.figures.queued)
        rooms.writer.stop()
        self._heartbeat.stopping(STOP_SECONDS + self._stop_at - anyio.current_time())
        rooms.intake.stop_stalling()
        with anyio.CancelScope(deadline=self._stop_at):
            await self._store.hurry()
            await rooms.listener.drain(place.path)
            rooms.intake.close()
            await rooms.writer.done.wait()

    async def _cut_short(self) -> None:
        """Wait for the writer, which begins nothing more; what runs in SQLite is interrupted."""
        done = self._rooms.writer.done
        self._rooms.intake.cut()
        with anyio.CancelScope(shield=True):
            while not done.is_set():
                await self._store.interrupt()
                with anyio.move_on_after(INTERRUPT_SECONDS):
                    await done.wait()
            await self._store.hurry()  # for closing it, if there was no time before

    def _hand_back(self) -> int:
        """Hand back what is not stored; return how many events are lost all the same."""
        config, figures = self._config, self._rooms.figures
        done = hand_back(self._rooms.intake.held, config.spool, config.db.parent)
        if done.events:
            log.warning(
                "events_handed_back",
                count=done.events,
                files=done.files,
                seconds_max=self._reloader.config.drain_seconds_max,
            )
        if done.lost:
            figures.discarded["shutdown"] += done.lost
            figures.left(done.lost)
            log.error("events_discarded", reason="shutdown", count=done.lost, why=done.why)
        log.info("drained", **minute.counts(figures), queued=figures.queued)
        return done.lost
