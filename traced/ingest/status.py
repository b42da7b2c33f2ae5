"""
The answer to ``status``: what SPEC 9 promises, from the figures and a look at the files.

Law: it follows the writer, not the event loop: what is not stored is told as waiting.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from traced.ingest.figures import Figures
from traced.ingest.intake import Intake
from traced.ingest.retention import Told


class Status(Struct):
    """Where each figure is found; call it for a fresh answer."""

    version: str
    db: Path
    figures: Figures
    intake: Intake
    intake_bytes_max: int
    state: Callable[[], str]
    connections: Callable[[], int]
    spool_backlog: Callable[[], tuple[int, int]]
    oldest_reader_seconds: Callable[[], float | None]
    retention: Told
    started: float

    def __call__(self) -> dict[str, object]:
        """Return the figures by the names of SPEC 9; ages and durations in seconds."""
        figures = self.figures
        seconds = figures.last_commit_seconds
        spool_files, spool_bytes = self.spool_backlog()
        return {
            "running": True,
            "pid": os.getpid(),
            "version": self.version,
            "uptime_seconds": _since(self.started),
            "state": self.state(),
            "received": figures.received,
            "stored": figures.stored,
            "duplicate": figures.duplicate,
            "ignored": figures.ignored,
            "rejected": dict(figures.rejected),
            "discarded": dict(figures.discarded),
            "queued": figures.queued,
            "queued_max": figures.queued_max,
            "queued_bytes": self.intake.bytes,
            "queued_bytes_max": self.intake_bytes_max,
            "batch_events_last": figures.batch_events_last,
            "commit_seconds": figures.commit_seconds(),
            "last_commit_at": figures.last_commit_at,
            "last_commit_age_seconds": None if seconds is None else _since(seconds),
            "spool_files": spool_files,
            "spool_bytes": spool_bytes,
            "wal_bytes": _size(self.db.with_name(self.db.name + "-wal")),
            "oldest_reader_seconds": self.oldest_reader_seconds(),
            "database_bytes": _size(self.db),
            "connections": self.connections(),
            "retention": self.retention,
        }


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
