import os
import time
from pathlib import Path

from traced.core.event import Outcome
from traced.core.wire import HookPayload
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake, Submission
from traced.ingest.retention import Told
from traced.ingest.status import Status

OUTCOMES = [Outcome(status="stored"), Outcome(status="rejected", reason="not_json")]


def status(db: Path, figures: Figures, intake: Intake | None = None) -> dict[str, object]:
    """Return what a daemon that just started says of itself."""
    return Status(
        version="1.2.3",
        db=db,
        figures=figures,
        intake=intake or Intake(1000, lambda: None, figures),
        intake_bytes_max=1000,
        state=lambda: "ok",
        connections=lambda: 3,
        spool_backlog=lambda: (4, 5),
        oldest_reader_seconds=lambda: 2.5,
        retention=Told(),
        started=time.monotonic(),
    )()


def test_tells_every_figure_by_its_name(tmp_path: Path) -> None:
    """The names are public; those of a new daemon are zero or unknown."""
    told = status(tmp_path / "t.db", Figures())
    uptime = told.pop("uptime_seconds")

    assert isinstance(uptime, float)
    assert told == {
        "running": True,
        "pid": os.getpid(),
        "version": "1.2.3",
        "state": "ok",
        "received": 0,
        "stored": 0,
        "duplicate": 0,
        "ignored": 0,
        "rejected": {},
        "discarded": {},
        "queued": 0,
        "queued_max": 0,
        "queued_bytes": 0,
        "queued_bytes_max": 1000,
        "batch_events_last": 0,
        "commit_seconds": {"p50": None, "p99": None},
        "last_commit_at": None,
        "last_commit_age_seconds": None,
        "spool_files": 4,
        "spool_bytes": 5,
        "wal_bytes": 0,
        "oldest_reader_seconds": 2.5,
        "database_bytes": 0,
        "connections": 3,
        "retention": Told(),
    }


def test_tells_the_sizes_of_the_files(tmp_path: Path) -> None:
    """The database and its log."""
    db = tmp_path / "t.db"
    db.write_bytes(b"x" * 10)
    db.with_name("t.db-wal").write_bytes(b"x" * 20)
    told = status(db, Figures())

    assert (told["database_bytes"], told["wal_bytes"]) == (10, 20)


def test_tells_what_waits(tmp_path: Path) -> None:
    """Events and bytes in the intake are not stored yet."""
    figures = Figures()
    intake = Intake(1000, lambda: None, figures)
    intake.put(Submission([HookPayload(b"{}")] * 2, 60, 0, None, lambda _outcomes: None))
    told = status(tmp_path / "t.db", figures, intake)

    assert (told["received"], told["queued"], told["queued_bytes"]) == (2, 2, 60)


def test_tells_of_the_last_commit(tmp_path: Path) -> None:
    """When it was, to the millisecond, and how long ago."""
    figures = Figures()
    figures.took(2)
    figures.committed(OUTCOMES, 0.25)
    figures.last_commit_epoch = 1_795_356_000.0625
    told = status(tmp_path / "t.db", figures)
    age = told["last_commit_age_seconds"]

    assert told["last_commit_at"] == "2026-11-22T14:00:00.062Z"
    assert isinstance(age, float)
    assert 0 <= age < 10
    assert told["commit_seconds"] == {"p50": 0.25, "p99": 0.25}
    assert told["rejected"] == {"not_json": 1}
