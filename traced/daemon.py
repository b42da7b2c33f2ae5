"""
The daemon's life: what is started in which order, and stopped in the reverse.

Law: it reads aloud. Locks, then the database, then the spool, then the socket, then ready; at a
stop the socket first, then what waits, then the database: see `traced.opening`, `traced.ending`.
"""

import os
from collections.abc import Callable

import anyio
import structlog

from traced.config import Config
from traced.ending import End
from traced.heartbeat import Heartbeat
from traced.ingest import lost, minute
from traced.ingest.listening import Endpoint, endpoint
from traced.ingest.locks import Lock, locked
from traced.ingest.memory import keep_together
from traced.ingest.writer import take_turns_often
from traced.opening import open_patiently
from traced.reload import Reloader
from traced.rooms import Rooms
from traced.service_manager import ServiceManager, passed_socket
from traced.signals import Signals, received_signals
from traced.store.store import Store, open_store

log = structlog.get_logger()


async def serve(
    config: Config, ready: Callable[[], None], read: Callable[[], Config] | None = None
) -> None:
    """
    Record until a signal ends it; `ready` is called once a commit has been proved possible.

    `read` rereads the settings when a SIGHUP asks for that; without it they stay.

    Raises:
        AlreadyRunning: If another daemon holds the database or the socket, or takes the database.
        ConfigError: If the socket's place is taken by something else, or what a service manager
            passed is not a socket to listen on.
        StoreError: If the database cannot be used.
        EventsLost: If at the stop something could be neither stored nor spooled.
    """
    manager = ServiceManager(os.environ)
    os.umask(0o077)
    take_turns_often()
    keep_together()
    with (
        received_signals() as signals,
        locked(config.db, "database", later=True) as lock,
        endpoint(config.socket, passed_socket(os.environ)) as place,
    ):
        shared = config.senders == "group"
        async with open_store(config.db, config.durability, lock.follow, by_owner=shared) as store:
            if await open_patiently(store, manager, signals):
                daemon = Daemon(config, store, manager, signals, read or (lambda: config))
                await daemon.record(place, lock, ready)
    log.info("stopped")


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
        self._signals = signals
        self._rooms = rooms = Rooms(config, store)
        self._heartbeat = Heartbeat(
            manager, rooms.pulse, rooms.figures, rooms.state, lambda: rooms.writer.failure
        )
        rooms.writer.changed = self._heartbeat.tell_status
        self._reloader = Reloader(config, read, rooms)
        self._end = End(rooms, self._heartbeat, self._reloader)

    async def record(self, place: Endpoint, lock: Lock, ready: Callable[[], None]) -> None:
        """Run until a signal ends it, or another daemon has the database's lock. See `serve`."""
        rooms, signals, end = self._rooms, self._signals, self._end
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(rooms.writer.run)
                tasks.start_soon(self._heartbeat.run)
                async with anyio.create_task_group() as watchers:
                    watchers.start_soon(end.at_signal, signals, watchers.cancel_scope)
                    watchers.start_soon(end.if_ousted, lock, watchers.cancel_scope)
                    watchers.start_soon(
                        self._reloader.watch, signals.reload_asked, self._heartbeat.reloading
                    )
                    await rooms.spool.take_all()
                    rooms.listener.start(place.sock)
                    watchers.start_soon(place.keep, rooms.listener.start)
                    watchers.start_soon(rooms.listener.traffic.watch)
                    watchers.start_soon(rooms.spool_pace.keep, rooms.spool.take_all)
                    watchers.start_soon(rooms.spool_pace.hand_on, rooms.spool.measure)
                    watchers.start_soon(lost.watch, rooms.store)
                    watchers.start_soon(rooms.spool_pace.hand_on, rooms.notes.watch)
                    watchers.start_soon(minute.watch, rooms.figures)
                    watchers.start_soon(rooms.retention.watch)
                    watchers.start_soon(rooms.background.run)
                    watchers.start_soon(rooms.readers.watch)
                    watchers.start_soon(rooms.memory.watch)
                    log.info("ready", socket=place.name, database=str(self._config.db))
                    self._heartbeat.ready()
                    ready()
                await end.drain(place.path)
                tasks.cancel_scope.cancel()
                await end.cut_short()
        finally:
            rooms.listener.close()
            end.hand_back()
        end.check()
