import os
import time
from pathlib import Path

import anyio
import pytest
from support.house import native, until
from support.spool_room import spool_room
from support.store_room import locked_database, rows

from traced.client.spool import write
from traced.ingest import spool
from traced.ingest.pace import Pace
from traced.ingest.spool import ROUND_EVENTS_MAX

STOP = b'{"hook_event_name":"Stop","session_id":"s"}\n'


async def test_files_are_taken_in_the_order_of_their_names(tmp_path: Path) -> None:
    """The order of the names is that of the events."""
    async with spool_room(tmp_path) as room:
        for number in (3, 1, 2):
            room.leave(native(number), unix_ns=number)
        await room.take_all()

        assert room.names == ["n1", "n2", "n3"]
        assert room.left == []


async def test_a_file_of_the_client_is_taken(tmp_path: Path) -> None:
    """The two ends agree on the form."""
    async with spool_room(tmp_path) as room:
        write(room.folder, native(1))
        await room.take_all()

        assert (room.names, room.left) == (["n1"], [])


async def test_a_file_is_deleted_only_after_its_commit(tmp_path: Path) -> None:
    """While the database cannot be written it stays."""
    async with spool_room(tmp_path) as room, anyio.create_task_group() as tasks:
        with locked_database(room.store.db):
            path = room.leave(native(1))
            tasks.start_soon(room.spool.take_all)
            await until(lambda: room.store.writer.state == "retrying", "the writer to notice")
            assert path.exists()
        await until(lambda: not path.exists(), "the file to be deleted")

        assert room.names == ["n1"]


async def test_a_file_is_deleted_though_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    """A stop during the intake ends the waiting, and what is committed is deleted all the same."""
    async with spool_room(tmp_path) as room:
        with locked_database(room.store.db):
            path = room.leave(native(1))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(room.spool.take_all)
                await until(lambda: room.store.figures.received == 1, "the file to be read")
                tasks.cancel_scope.cancel()
            assert path.exists()
        await until(lambda: not path.exists(), "the file to be deleted")

        assert room.names == ["n1"]


async def test_a_file_met_again_after_a_crash_changes_nothing(tmp_path: Path) -> None:
    """Killed between commit and delete: every kind of line is known, with or without event id."""
    lines = (
        native(1),
        native(2, event_id="e"),
        b'{"v":1,"session_id":"s","lifecycle":"prompt","prompt":"p"}\n',
        b'{"v":1,"event_id":"f","payload":%b}\n' % STOP.strip(),
        STOP,
    )
    query = "SELECT prompt_number, started_at FROM prompts"
    async with spool_room(tmp_path) as room:
        room.leave(*lines)
        await room.take_all()
        prompts = rows(room.store.db, query)
        room.leave(*lines)
        room.spool = room.new_spool()
        await room.take_all()

        assert room.names == ["n1", "n2"]
        assert len(prompts) == 1
        assert rows(room.store.db, query) == prompts
        assert room.left == []
        assert room.store.figures.duplicate == 5


async def test_a_rejected_line_met_again_is_kept_once(tmp_path: Path) -> None:
    """Rejected by the protocol, an adapter or the ledger: one row of each place in the spool."""
    lines = (
        b"garbage\n",
        b'{"v":1,"ack":true,"event_id":"e","payload":{"hook_event_name":"Stop"}}\n',
        native(1, step_order=1),
        native(2, step_order=1),
        b"garbage\n",
    )
    query = "SELECT reason FROM rejected_events ORDER BY id"
    async with spool_room(tmp_path) as room:
        for _ in range(2):
            room.leave(*lines)
            room.spool = room.new_spool()
            await room.take_all()

        reasons = [row["reason"] for row in rows(room.store.db, query)]
        assert sorted(reasons) == ["bad_field", "bad_field", "not_json", "not_json"]
        assert room.left == []
        room.leave(b"garbage\n", unix_ns=2)
        await room.take_all()

        assert len(rows(room.store.db, query)) == 5


async def test_a_prompt_without_id_met_again_is_one_prompt(tmp_path: Path) -> None:
    """A bare payload is known by its place in the spool."""
    prompt = b'{"hook_event_name":"UserPromptSubmit","session_id":"s","prompt":"p"}\n'
    async with spool_room(tmp_path) as room:
        for _ in range(2):
            room.leave(prompt, prompt)
            room.spool = room.new_spool()
            await room.take_all()

        prompts = rows(room.store.db, "SELECT prompt_number FROM prompts ORDER BY prompt_number")
        assert prompts == [{"prompt_number": 1}, {"prompt_number": 2}]


async def test_a_bad_line_costs_itself(tmp_path: Path) -> None:
    """Its neighbour is stored, it is rejected, and the file is done with."""
    async with spool_room(tmp_path) as room:
        room.leave(b"garbage\n", native(1))
        await room.take_all()

        assert (room.names, room.left) == (["n1"], [])
        assert room.store.figures.rejected == {"not_json": 1}


async def test_garbage_and_nothing_are_done_with(tmp_path: Path) -> None:
    """A file of random bytes is rejected, an empty one is nothing; both go."""
    async with spool_room(tmp_path) as room:
        room.leave(os.urandom(10_000), unix_ns=1)
        room.leave(unix_ns=2)
        room.leave(native(1), unix_ns=3)
        await room.take_all()

        assert (room.names, room.left) == (["n1"], [])


async def test_a_file_that_appears_is_taken_while_running(tmp_path: Path) -> None:
    """The folder is looked into again and again."""
    async with spool_room(tmp_path) as room, anyio.create_task_group() as tasks:
        tasks.start_soon(Pace(0.01).keep, room.spool.take_all)
        for number in range(3):
            path = room.leave(native(number), unix_ns=number)
            await until(lambda path=path: not path.exists(), "the file to be taken")  # type: ignore[misc]
        tasks.cancel_scope.cancel()

        assert room.names == ["n0", "n1", "n2"]


async def test_the_backlog_is_measured_also_while_nothing_can_be_taken(tmp_path: Path) -> None:
    """How many files wait and how many bytes they have; other files do not count."""
    async with spool_room(tmp_path) as room, anyio.create_task_group() as tasks:
        room.leave(b"x" * 10, unix_ns=1)
        room.leave(b"x" * 5, unix_ns=2)
        room.leave(b"x" * 5, name="notes.txt")
        tasks.start_soon(room.spool.measure, 0.01)
        await until(lambda: room.spool.backlog == (2, 15), "the backlog to be measured")
        tasks.cancel_scope.cancel()


async def test_thousands_of_files_are_batched(tmp_path: Path) -> None:
    """Five thousand files do not cost five thousand commits."""
    commits = 0

    def count() -> None:
        nonlocal commits
        commits += 1

    async with spool_room(tmp_path) as room:
        room.store.writer.progress = count
        for number in range(5000):
            room.leave(native(number), unix_ns=number)
        began = time.monotonic()
        await room.take_all()

        assert time.monotonic() - began < 30
        assert room.names == [f"n{number}" for number in range(5000)]
        assert commits < 100


async def test_a_large_file_waits_for_room(tmp_path: Path) -> None:
    """What the intake does not hold is put in when there is room again."""
    async with spool_room(tmp_path) as room:
        room.store.intake._bytes_max = 10_000
        room.leave(*(native(number, input="x" * 100) for number in range(5000)))
        await room.take_all()

        assert len(room.names) == 5000
        assert room.store.intake.bytes == 0


async def test_of_a_large_file_no_more_waits_than_one_round(tmp_path: Path) -> None:
    """The rest is read when that is committed, so that memory is bounded and a stop is short."""
    async with spool_room(tmp_path) as room:
        room.leave(*map(native, range(3 * ROUND_EVENTS_MAX)), b"garbage\n")
        await room.take_all()

        assert room.names == [f"n{number}" for number in range(3 * ROUND_EVENTS_MAX)]
        assert room.store.figures.queued_max == ROUND_EVENTS_MAX
        assert room.left == []


async def test_a_stop_leaves_a_file_that_was_not_read_to_its_end(tmp_path: Path) -> None:
    """What was put in is committed; the next start reads all of it, and knows that part again."""
    events = 3 * ROUND_EVENTS_MAX
    async with spool_room(tmp_path) as room:
        path = room.leave(*map(native, range(events)))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(room.spool.take_all)
            await until(lambda: room.store.figures.stored > 0, "a round to be stored")
            tasks.cancel_scope.cancel()
        await until(lambda: room.store.figures.queued == 0, "what was put in to be committed")
        stored = room.store.figures.stored
        assert 0 < stored < events
        assert path.exists()
        room.spool = room.new_spool()
        await room.take_all()

        assert room.names == [f"n{number}" for number in range(events)]
        assert room.store.figures.duplicate == stored
        assert room.left == []


async def test_a_large_file_of_a_later_version_is_left_whole(tmp_path: Path) -> None:
    """Not even what stands before that line is taken; the file behind is."""
    later = b'{"v":2,"session_id":"s","trace_type":"tool","name":"later"}\n'
    async with spool_room(tmp_path) as room:
        path = room.leave(*map(native, range(3 * ROUND_EVENTS_MAX)), later, unix_ns=1)
        room.leave(native(9), unix_ns=2)
        await room.take_all()

        assert (room.names, room.left) == (["n9"], [path.name])


async def test_who_stands_behind_an_endless_file_has_a_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file goes on behind the others after so many rounds, and is taken to its end."""
    monkeypatch.setattr(spool, "TURN_ROUNDS_MAX", 2)
    turn = 2 * ROUND_EVENTS_MAX
    async with spool_room(tmp_path) as room:
        room.leave(*map(native, range(2 * turn + 1)), unix_ns=1)
        room.leave(native(-1), unix_ns=2)
        await room.take_all()

        assert room.names == [f"n{n}" for n in (*range(turn), -1, *range(turn, 2 * turn + 1))]
        assert room.left == []


async def test_more_files_than_names_are_held_are_all_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order, past those that stay."""
    monkeypatch.setattr(spool, "LOOK_FILES_MAX", 10)
    async with spool_room(tmp_path) as room:
        stay = [room.leave(native(0), unix_ns=number) for number in range(20)]
        for path in stay:
            path.with_name(path.name + ".twin").hardlink_to(path)
        for number in range(20, 45):
            room.leave(native(number), unix_ns=number)
        await room.take_all()

        assert room.names == [f"n{number}" for number in range(20, 45)]
        assert len(room.left) == 40


async def test_a_folder_that_is_swapped_is_the_spool_from_then_on(tmp_path: Path) -> None:
    """In the middle of a file: nothing is lost of either, and what was known stays known."""
    events = 3 * ROUND_EVENTS_MAX
    async with spool_room(tmp_path) as room, anyio.create_task_group() as tasks:
        path = room.leave(*map(native, range(events)), unix_ns=1)
        tasks.start_soon(Pace(0.01).keep, room.spool.take_all)
        await until(lambda: room.store.figures.stored > 0, "a round to be stored")
        aside = tmp_path / "aside"
        room.folder.rename(aside)
        room.folder.mkdir(mode=0o700)
        room.leave(native(events), unix_ns=2)
        await until(lambda: f"n{events}" in room.names, "the new folder to be read")
        assert (aside / path.name).exists()
        (aside / path.name).rename(path)
        await until(lambda: not path.exists(), "the file that came back to be taken")
        tasks.cancel_scope.cancel()

        assert sorted(room.names) == sorted(f"n{number}" for number in range(events + 1))
