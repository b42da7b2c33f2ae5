"""The writer while the database cannot be written."""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
import pytest
from structlog.testing import capture_logs
from support.house import native, until
from support.store_room import StoreRoom, locked_database, rows, store_room

from traced.core.errors import StoreBusy
from traced.core.event import Outcome
from traced.ingest.writer import retry_seconds
from traced.store.recorder import Recorder


def stored_names(room: StoreRoom) -> list[str]:
    """Return the names of the steps in the order of their recording."""
    return [
        row["name"]
        for row in rows(room.db, "SELECT name FROM execution_traces ORDER BY step_order")
    ]


def told_to_operators(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the lines of a log that are told unless somebody asks for more."""
    return [line for line in lines if line["log_level"] != "debug"]


async def test_a_locked_database_is_told_and_retried(tmp_path: Path) -> None:
    """It stops the reading, says so once, and goes on by itself; nothing is lost or settled."""
    async with store_room(tmp_path) as room, anyio.create_task_group() as tasks:
        with capture_logs() as lines:
            with locked_database(room.db):
                room.put(native(1))
                tasks.start_soon(room.writer.run)
                await until(lambda: room.writer.state == "retrying", "the writer to notice")
                assert room.intake.full
                assert room.outcomes == []
                assert room.figures.queued == 1
            await until(lambda: room.writer.state == "ok", "the writer to recover")

        told = told_to_operators(lines)
        assert [line["event"] for line in told] == ["writer_stalled", "writer_recovered"]
        assert told[0]["error"] == "database is locked"
        assert not room.intake.full
        assert [outcome.status for outcome in room.outcomes] == ["stored"]
        tasks.cancel_scope.cancel()


async def test_another_reason_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new one once, however often it is tried in between."""
    append = Recorder.append
    reasons = ["disk is full", "disk is full", "disk is full", "disk is gone"]

    def fail(*_args: object) -> list[Outcome]:
        if len(reasons) == 1:
            monkeypatch.setattr(Recorder, "append", append)
        raise StoreBusy(reasons.pop(0))

    async with store_room(tmp_path) as room:
        monkeypatch.setattr(Recorder, "append", fail)
        room.put(native(1))
        with capture_logs() as lines:
            await room.write_all()

    told = told_to_operators(lines)
    assert [line["event"] for line in told] == [
        "writer_stalled",
        "writer_stalled",
        "writer_recovered",
    ]
    assert [line["error"] for line in told[:2]] == ["disk is full", "disk is gone"]


async def test_a_deleted_database_costs_no_event(tmp_path: Path) -> None:
    """Nobody is answered for what went into the deleted file; all is in the new one."""
    async with store_room(tmp_path) as room:
        room.put(native(1), native(2))
        room.db.unlink()
        with capture_logs() as lines:
            await room.write_all()

        assert stored_names(room) == ["n1", "n2"]
        assert [each.status for each in room.outcomes] == ["stored", "stored"]
        assert [line["event"] for line in told_to_operators(lines)] == [
            "database_moved",
            "writer_stalled",
            "database_opened",
            "writer_recovered",
        ]


def test_patience_grows_up_to_a_bound() -> None:
    """From a twentieth of a second to five seconds."""
    assert list(islice(retry_seconds(), 9)) == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


async def test_progress_is_made_by_failing_too(tmp_path: Path) -> None:
    """A database that says no is reported, and only one that says nothing is a hang."""
    beats: list[str] = []
    async with store_room(tmp_path) as room, anyio.create_task_group() as tasks:
        room.writer.progress = lambda: beats.append(room.writer.state)
        with locked_database(room.db):
            room.put(native(1))
            tasks.start_soon(room.writer.run)
            await until(lambda: len(beats) >= 1, "a beat")
            assert room.outcomes == []
        await until(lambda: room.outcomes != [], "the event to be settled")
        tasks.cancel_scope.cancel()

    assert beats[0] == "ok"
    assert beats[-1] == "retrying"


async def test_a_failure_is_told_when_it_begins_and_when_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at each attempt; who is told finds the new state."""
    append = Recorder.append
    reasons = ["disk is full", "disk is full"]

    def fail(*_args: object) -> list[Outcome]:
        if len(reasons) == 1:
            monkeypatch.setattr(Recorder, "append", append)
        raise StoreBusy(reasons.pop())

    told: list[tuple[str, str | None]] = []
    async with store_room(tmp_path) as room:
        room.writer.changed = lambda: told.append((room.writer.state, room.writer.failure))
        monkeypatch.setattr(Recorder, "append", fail)
        room.put(native(1))
        await room.write_all()

    assert told == [("retrying", "disk is full"), ("ok", None)]


async def test_an_error_that_nobody_expected_keeps_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer lives, tells, and stores it as soon as that is possible."""
    append = Recorder.append

    def fail(*_args: object) -> list[Outcome]:
        monkeypatch.setattr(Recorder, "append", append)
        raise ZeroDivisionError("secret")

    async with store_room(tmp_path) as room:
        monkeypatch.setattr(Recorder, "append", fail)
        room.put(native(1))
        with capture_logs() as lines:
            await room.write_all()

        assert stored_names(room) == ["n1"]
        (stalled, *_) = told_to_operators(lines)
        assert stalled["event"] == "writer_stalled"
        assert stalled["error"].startswith("ZeroDivisionError at test_writer_patience.py:")


async def test_a_database_that_cannot_be_asked_is_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook without an agent needs the database; its failing rejects nothing."""

    class Broken:
        """A connection whose disk fails once."""

        def __init__(self, real: sqlite3.Connection) -> None:
            self.real = real
            self.failed = False

        def execute(self, *args: object) -> sqlite3.Cursor:
            """Fail the first time."""
            if not self.failed:
                self.failed = True
                raise sqlite3.OperationalError("disk I/O error")
            return self.real.execute(*args)  # type: ignore[arg-type]

        def __getattr__(self, name: str) -> object:
            return getattr(self.real, name)

    async with store_room(tmp_path) as room:
        assert room.store._opened is not None
        recorder = room.store._opened.recorder
        monkeypatch.setattr(recorder, "_connection", Broken(recorder._connection))
        room.put(native(1), b'{"hook_event_name":"Stop","session_id":"s"}')
        await room.write_all()

        assert [outcome.status for outcome in room.outcomes] == ["stored", "stored"]
        assert room.figures.rejected == {}
