"""
The rooms of the way in, built on an open store and joined to each other.

Law: only wiring; what a room does stands in the room. Settings go no further than here, and what a
reload changes of them is handed on from here.
"""

import os
import time
from collections.abc import Sequence

from traced import __version__
from traced.config import Config
from traced.core.capture import Capture
from traced.core.event import Rejected
from traced.core.protocol import Protocol
from traced.core.redact import Redactor, compiled
from traced.core.rejections import Rejections
from traced.ingest.control import ROOT_UID, ControlDesk
from traced.ingest.descriptors import allow_descriptors
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake
from traced.ingest.listener import Limits, Listener
from traced.ingest.memory import Memory
from traced.ingest.notes import Notes
from traced.ingest.pace import Pace
from traced.ingest.pulse import Pulse
from traced.ingest.readers import Readers
from traced.ingest.retention import Retention
from traced.ingest.spool import Spool
from traced.ingest.status import Status
from traced.ingest.translate import Translator
from traced.ingest.writer import Writer
from traced.store.index.background import Background
from traced.store.index.indexer import Indexer
from traced.store.retention import limits_of
from traced.store.store import Store


class Rooms:
    """Listener and spool fill the intake, the writer empties it; figures count in all of them."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self.store = store
        self._redactor = Redactor(config.redact_patterns)
        self._capture = Capture(config.capture, self._redactor)
        self._may_send = anybody if config.senders == "group" else may_send
        self.spool_pace = Pace(config.spool_scan_seconds)
        self.figures = Figures()
        self.intake = Intake(config.intake_bytes_max, self._room_changed, self.figures)
        self.spool = Spool(
            config.spool, self._protocol, self.intake, self._may_send, config.batch_events_max
        )
        self.notes = Notes(
            (config.spool, config.db.parent),
            self._may_send,
            self._commit_notes,
            self.figures,
            self.intake,
            config.db,
        )
        self.writer = Writer(
            store,
            Translator(self._capture, Rejections(self._capture)),
            self.intake,
            self.figures,
            config.batch_events_max,
        )
        self.readers = Readers(store, lambda: self.figures.last_commit_seconds)
        self.memory = Memory(store, lambda: self.figures.received)
        self.pulse = Pulse(lambda: self.figures.queued)
        self.retention = Retention(
            store,
            config.db,
            limits_of(config.retention_days_max, config.retention_bytes_max),
            lambda: self.figures.received,
        )
        self.writer.progress = self.pulse.returned
        self.listener = self._listener()
        self.background = Background(
            Indexer(config.db),
            is_busy=lambda: self.figures.queued > 0,
            may_work=lambda: self.writer.state == "ok",
        )

    async def use(self, config: Config) -> None:
        """
        Let the settings of a reload hold; the others are those of before.

        Returns when nothing more is translated by the old ones; what was, and waits for its
        database, stays as it is.
        """
        patterns = compiled(config.redact_patterns)

        def change() -> None:
            # Connections read both at any time: each line that is rejected reads each once.
            self._redactor.patterns = patterns
            self._capture.mode = config.capture

        if (config.capture, config.redact_patterns) != (
            self._config.capture,
            self._config.redact_patterns,
        ):
            await self.writer.between_submissions(change)
        if config.spool_scan_seconds != self._config.spool_scan_seconds:
            self.spool_pace.change(config.spool_scan_seconds)
        self.retention.limits = limits_of(config.retention_days_max, config.retention_bytes_max)
        self._config = config

    def state(self) -> str:
        """Return how the writer is, by the words of SPEC 9; one that hangs is retrying."""
        return "retrying" if self.pulse.hangs() else self.writer.state

    def _listener(self) -> Listener:
        config = self._config
        limits = Limits(
            allow_descriptors(config.connections_max),
            config.partial_bytes_max,
            config.partial_seconds_max,
            config.batch_events_max,
        )
        status = Status(
            version=__version__,
            db=config.db,
            figures=self.figures,
            intake=self.intake,
            intake_bytes_max=config.intake_bytes_max,
            state=self.state,
            connections=lambda: len(self.listener),
            spool_backlog=lambda: self.spool.backlog,
            oldest_reader_seconds=self.readers.oldest_seconds,
            retention=self.retention.told,
            started=time.monotonic(),
        )
        desk = ControlDesk(__version__, status, self.retention.answer)
        return Listener(self.intake, limits, self._protocol, desk.answer, self._may_send)

    async def _commit_notes(self, rows: Sequence[Rejected], now: int) -> object:
        return await self.store.run(lambda recorder: recorder.append(rows, now))

    def _protocol(self) -> Protocol:
        return Protocol(self._capture, line_bytes_max=self._config.line_bytes_max)

    def _room_changed(self) -> None:
        self.listener.traffic.room_changed()


def may_send(uid: int | None) -> bool:
    """Tell whether a peer or the owner of a spool file is this user or root."""
    return uid is None or uid in (os.geteuid(), ROOT_UID)


def anybody(_uid: int | None) -> bool:
    """Allow whoever the kernel lets in: the group of the socket, or of the drop folder, decides."""
    return True
