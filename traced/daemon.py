"""
The daemon, wired: what is started in which order, and stopped in the reverse.

Law: it reads aloud. Locks, then the database, then the spool, then the socket, then ready; at a
stop the socket first, then what waits, then the database.
"""

import math
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

import aiosqlite
import anyio
import structlog

from traced import __version__
from traced.config import Config
from traced.core.capture import Capture
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.rejections import Rejections
from traced.ingest import lost, minute
from traced.ingest.control import ROOT_UID, ControlDesk
from traced.ingest.endpoint import allow_descriptors, bound, locked
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake
from traced.ingest.listener import Limits, Listener
from traced.ingest.spool import Spool
from traced.ingest.status import Status
from traced.ingest.translate import Translator
from traced.ingest.writer import Writer
from traced.store.database import open_writer
from traced.store.recorder import Recorder, open_recorder

# Half a millisecond instead of five: the writer's thread gets the interpreter back soon after each
# statement, which tripled the rows it inserts beside a busy event loop.
SWITCH_SECONDS: Final = 0.0005

log = structlog.get_logger()


async def serve(config: Config, ready: Callable[[], None]) -> None:
    """
    Record until SIGTERM or SIGINT; `ready` is called once a commit has been proved possible.

    Raises:
        AlreadyRunning: If another daemon holds the database or the socket.
        ConfigError: If the socket's place is taken by something else.
        StoreError: If the database cannot be used.
    """
    os.umask(0o077)
    sys.setswitchinterval(SWITCH_SECONDS)
    with (
        anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals,
        locked(config.db, "database"),
        locked(config.socket, "socket"),
        bound(config.socket) as sock,
    ):
        async with open_writer(config.db, config.durability) as connection:
            recorder = await open_recorder(connection)
            await Daemon(config, connection, recorder).record(sock, signals, ready)
    log.info("stopped")


class Daemon:
    """The rooms of the way in, built on an open database."""

    def __init__(
        self, config: Config, connection: aiosqlite.Connection, recorder: Recorder
    ) -> None:
        self._config = config
        self._connection = connection
        self._recorder = recorder
        self._stop_at = math.inf
        self._redactor = Redactor(config.redact_patterns)
        self._figures = Figures()
        self._intake = Intake(config.intake_bytes_max, self._room_changed, self._figures)
        self._spool = Spool(
            config.spool, self._protocol, self._intake, _may_send, config.batch_events_max
        )
        self._writer = Writer(
            connection,
            recorder,
            Translator(
                Capture(config.capture, self._redactor),
                Rejections(self._redactor, content=self._keeps_content),
                recorder.agent_of,
            ),
            self._intake,
            self._figures,
            config.batch_events_max,
        )
        limits = Limits(
            allow_descriptors(config.connections_max),
            config.partial_bytes_max,
            config.partial_seconds_max,
            config.batch_events_max,
        )
        status = Status(
            version=__version__,
            db=config.db,
            figures=self._figures,
            intake=self._intake,
            intake_bytes_max=config.intake_bytes_max,
            state=lambda: self._writer.state,
            connections=lambda: len(self._listener),
            spool_backlog=lambda: self._spool.backlog,
            started=time.monotonic(),
        )
        desk = ControlDesk(__version__, status)
        self._listener = Listener(self._intake, limits, self._protocol, desk.answer, _may_send)

    async def record(
        self, sock: socket.socket, signals: AsyncIterator[signal.Signals], ready: Callable[[], None]
    ) -> None:
        """Run until a signal comes, then drain; see `serve`."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._writer.run)
                async with anyio.create_task_group() as watchers:
                    watchers.start_soon(self._stop_on_signal, signals, watchers.cancel_scope)
                    await self._spool.take_all()
                    self._listener.start(sock)
                    watchers.start_soon(self._listener.traffic.watch)
                    watchers.start_soon(self._spool.watch, self._config.spool_scan_seconds)
                    watchers.start_soon(self._spool.measure, self._config.spool_scan_seconds)
                    watchers.start_soon(lost.watch, self._connection, self._recorder)
                    watchers.start_soon(minute.watch, self._figures)
                    self._tell_ready(ready)
                await self._drain()
                tasks.cancel_scope.cancel()
        finally:
            self._listener.close()
        self._tell_discarded()

    def _tell_ready(self, ready: Callable[[], None]) -> None:
        log.info("ready", socket=str(self._config.socket), database=str(self._config.db))
        ready()

    async def _stop_on_signal(
        self, signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope
    ) -> None:
        async for number in signals:
            log.info("signal", name=number.name)
            self._stop_at = anyio.current_time() + self._config.drain_seconds_max
            scope.cancel()
            return

    async def _drain(self) -> None:
        log.info("stopping", queued=self._figures.queued)
        self._writer.stop()
        with anyio.CancelScope(deadline=self._stop_at):
            await self._listener.drain(self._config.socket)
            self._intake.close()
            await self._writer.done.wait()

    def _tell_discarded(self) -> None:
        # Counted last: the writer may have committed a batch after the time was up.
        if discarded := self._figures.queued:
            self._figures.discarded["shutdown"] += discarded
            seconds = self._config.drain_seconds_max
            log.error("drain_incomplete", discarded=discarded, seconds_max=seconds)

    @property
    def _keeps_content(self) -> bool:
        return self._config.capture != "metadata"

    def _protocol(self) -> Protocol:
        return Protocol(
            self._redactor,
            line_bytes_max=self._config.line_bytes_max,
            content=self._keeps_content,
        )

    def _room_changed(self) -> None:
        self._listener.traffic.room_changed()


def _may_send(uid: int | None) -> bool:
    """Tell whether a peer or the owner of a spool file is this user or root."""
    return uid is None or uid in (os.geteuid(), ROOT_UID)
