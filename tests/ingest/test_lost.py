import json
import os
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.house import native, until
from support.store_room import StoreRoom, locked_database, rows, store_room

from traced.core.errors import StoreBusy
from traced.ingest import lost
from traced.store.recorder import Recorder

DAY_MS = 24 * 60 * 60 * 1000


def dead_pid() -> int:
    """Return the id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


async def start(room: StoreRoom, **more: object) -> None:
    """Record a step that began and has not ended."""
    room.put(native(1, phase="start", call_id="c", **more))
    await room.write_all()


async def look(room: StoreRoom) -> str:
    """Look once; return the status of the step after that."""
    await lost.look(room.store)
    (row,) = rows(room.db, "SELECT status FROM execution_traces")
    return str(row["status"])


async def test_steps_of_a_process_that_is_gone_are_unknown(tmp_path: Path) -> None:
    """Nobody will end them."""
    async with store_room(tmp_path) as room:
        await start(room, agent_pid=dead_pid())

        assert await look(room) == "unknown"


async def test_a_sub_agent_of_a_process_that_is_gone_is_unknown(tmp_path: Path) -> None:
    """It may run in the background while no step does."""
    payload = {"hook_event_name": "SubagentStart", "session_id": "s", "agent_id": "a1"}
    line = {"v": 1, "agent": "claude-code", "agent_pid": dead_pid(), "payload": payload}
    async with store_room(tmp_path) as room:
        room.put(json.dumps(line).encode() + b"\n")
        await room.write_all()
        await lost.look(room.store)

        assert rows(room.db, "SELECT status FROM agents") == [{"status": "unknown"}]


async def test_steps_of_a_process_that_lives_run_on(tmp_path: Path) -> None:
    """Its agent can still end them."""
    async with store_room(tmp_path) as room:
        await start(room, agent_pid=os.getpid())

        assert await look(room) == "running"


@pytest.mark.parametrize("pid", [0, 1])
async def test_a_process_that_cannot_be_asked_counts_as_living(tmp_path: Path, pid: int) -> None:
    """Process 0 is none, and 1 is somebody else's or lives."""
    async with store_room(tmp_path) as room:
        await start(room, agent_pid=pid)

        assert await look(room) == "running"


async def test_steps_of_an_unknown_process_run_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a day without an event of the session nobody is waited for any more."""
    now = time.time_ns()
    async with store_room(tmp_path) as room:
        await start(room)
        monkeypatch.setattr(time, "time_ns", lambda: now + (DAY_MS - 60_000) * 1_000_000)
        assert await look(room) == "running"
        monkeypatch.setattr(time, "time_ns", lambda: now + (DAY_MS + 60_000) * 1_000_000)

        assert await look(room) == "unknown"


async def test_many_are_closed_some_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes meanwhile is committed before the last of them is closed."""
    monkeypatch.setattr(lost, "SESSIONS_A_LOOK_MAX", 2)
    query = "SELECT status, count(*) AS steps FROM execution_traces GROUP BY status ORDER BY status"
    pid = dead_pid()
    async with store_room(tmp_path) as room, anyio.create_task_group() as tasks:
        for number in range(101):
            line = native(number, phase="start", call_id="c", agent_pid=pid)
            room.put(line.replace(b'"session_id":"s"', b'"session_id":"s%d"' % number))
        await room.write_all()
        tasks.start_soon(lost.look, room.store)
        await until(lambda: len(rows(room.db, query)) == 2, "the first of them to be closed")
        await room.store.run(Recorder.prove)
        between = rows(room.db, query)

    assert [row["status"] for row in between] == ["running", "unknown"]
    assert rows(tmp_path / "t.db", query) == [{"status": "unknown", "steps": 101}]


async def test_a_database_that_is_busy_is_looked_into_later(tmp_path: Path) -> None:
    """The writer tells of it; here nothing is said and nothing lost."""
    async with store_room(tmp_path) as room:
        await start(room, agent_pid=dead_pid())
        with locked_database(room.db), capture_logs() as lines, pytest.raises(StoreBusy):
            await look(room)

        assert lines == []
        assert await look(room) == "unknown"


async def test_an_error_of_ours_does_not_end_the_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and looked again later."""

    def fail(_recorder: Recorder, _after_pk: int, _sessions_max: int) -> None:
        raise ZeroDivisionError("secret")

    async with store_room(tmp_path) as room:
        await start(room)
        monkeypatch.setattr(Recorder, "running_sessions", fail)
        with capture_logs() as lines:
            await look(room)

    assert [line["event"] for line in lines] == ["lost_look_failed"]
    assert lines[0]["error"].startswith("ZeroDivisionError at test_lost.py:")


async def test_it_looks_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the daemon runs, every few seconds."""
    monkeypatch.setattr(lost, "LOOK_SECONDS", 0.01)
    query = "SELECT status FROM execution_traces"
    async with store_room(tmp_path) as room, anyio.create_task_group() as tasks:
        await start(room, agent_pid=dead_pid())
        tasks.start_soon(lost.watch, room.store)
        await until(lambda: rows(room.db, query) == [{"status": "unknown"}], "a look")
        tasks.cancel_scope.cancel()


async def test_an_idle_daemon_finds_its_log_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it held is in the main file then, though nothing was sent."""
    monkeypatch.setattr(lost, "LOOK_SECONDS", 0.01)
    async with store_room(tmp_path) as room, anyio.create_task_group() as tasks:
        await start(room)
        with capture_logs() as lines:
            (tmp_path / "t.db-wal").unlink()
            tasks.start_soon(lost.watch, room.store)
            await until(lambda: len(lines) == 2, "it to be found and opened anew")
        assert [line["event"] for line in lines] == ["database_moved", "database_opened"]
        assert len(rows(room.db, "SELECT name FROM execution_traces")) == 1
        tasks.cancel_scope.cancel()
