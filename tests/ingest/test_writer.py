from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.house import native, until
from support.store_room import StoreRoom, locked_database, rows, store_room

from traced.ingest.writer import Writer


def stored_names(room: StoreRoom) -> list[str]:
    """Return the names of the steps in the order of their recording."""
    return [
        row["name"]
        for row in rows(room.db, "SELECT name FROM execution_traces ORDER BY step_order")
    ]


async def test_what_is_put_is_committed_in_its_order(tmp_path: Path) -> None:
    """Events of several submissions become steps 1 to n."""
    async with store_room(tmp_path) as room:
        room.put(native(1), native(2))
        room.put(native(3))
        await room.write_all()

        assert stored_names(room) == ["n1", "n2", "n3"]
        assert [outcome.step_order for outcome in room.outcomes] == [1, 2, 3]


async def test_outcomes_go_to_where_the_records_came_from(tmp_path: Path) -> None:
    """Each submission gets one for each of its records, in their order."""
    async with store_room(tmp_path) as room:
        room.put(native(1, event_id="a"), b"garbage", native(2, event_id="a"))
        await room.write_all()

        assert [outcome.status for outcome in room.outcomes] == ["stored", "rejected", "duplicate"]
        assert room.figures.queued == 0
        assert room.intake.bytes == 0


async def test_nothing_is_settled_before_the_commit(tmp_path: Path) -> None:
    """When an outcome is told, another reader sees the row."""
    seen: list[list[str]] = []
    async with store_room(tmp_path) as room:
        room.put(native(1))
        submission = room.intake._waiting[0]
        submission.settle = lambda _outcomes: seen.append(stored_names(room))
        await room.write_all()

    assert seen == [["n1"]]


async def test_the_life_of_a_batch_is_told_at_debug(tmp_path: Path) -> None:
    """It is taken, committed and answered, under one number; no line has anything of an event."""
    async with store_room(tmp_path) as room:
        with capture_logs() as lines:
            room.put(native(1), native(2))
            await room.write_all()

    told = [(line["event"], line["batch"], line["log_level"]) for line in lines]
    assert told == [
        ("batch_taken", 1, "debug"),
        ("batch_committed", 1, "debug"),
        ("batch_answered", 1, "debug"),
    ]
    assert (lines[0]["events"], lines[2]["submissions"]) == (2, 1)
    assert "n1" not in str(lines)


async def test_a_batch_is_bounded(tmp_path: Path) -> None:
    """What waits is written in several transactions if it is too much for one."""
    async with store_room(tmp_path, batch_events_max=2) as room:
        for number in range(5):
            room.put(native(number))
        await room.write_all()

        assert len(stored_names(room)) == 5
        assert room.figures.batch_events_last == 1


async def test_a_stopping_writer_stays_so(tmp_path: Path) -> None:
    """A database that recovers during the stop does not make the daemon look as it were staying."""
    async with store_room(tmp_path) as room, anyio.create_task_group() as tasks:
        with locked_database(room.db):
            room.put(native(1))
            tasks.start_soon(room.writer.run)
            await until(lambda: room.writer.state == "retrying", "the writer to notice")
            room.writer.stop()
        room.intake.close()
        await room.writer.done.wait()

        assert room.writer.state == "stopping"
        assert len(room.outcomes) == 1


async def test_an_adapter_that_fails_costs_one_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept as rejected, and its neighbours are stored."""

    def fail(*_args: object) -> None:
        raise ZeroDivisionError("of the payload")

    hook = b'{"hook_event_name":"Stop","session_id":"s"}'
    monkeypatch.setattr("traced.ingest.translate.session_id_of", fail)
    async with store_room(tmp_path) as room:
        room.put(native(1), hook, native(2))
        await room.write_all()
        kept = rows(room.db, "SELECT reason, detail, session_id FROM rejected_events")

        assert [each.status for each in room.outcomes] == ["stored", "rejected", "stored"]
        assert room.figures.rejected == {"adapter_error": 1}
        assert kept[0]["reason"] == "adapter_error"
        assert kept[0]["session_id"] == "s"
        assert kept[0]["detail"].startswith("ZeroDivisionError at test_writer.py:")
        assert "payload" not in kept[0]["detail"]


async def test_a_cancelled_writer_leaves_no_transaction_open(tmp_path: Path) -> None:
    """The statement would run on: so the batch goes through whole, and others can write."""
    async with store_room(tmp_path) as room:
        room.put(native(1))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(room.writer.run)
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

        with locked_database(room.db):
            assert stored_names(room) in (["n1"], [])


async def test_done_is_told_at_the_end(tmp_path: Path) -> None:
    """After the intake is closed and empty, who waits for the writer goes on."""
    async with store_room(tmp_path) as room:
        room.put(native(1))
        assert isinstance(room.writer, Writer)
        await room.write_all()

        assert room.writer.done.is_set()
