import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from support.house import native, until
from support.store_room import StoreRoom, locked_database, rows, store_room
from traced.client.spool import make_name, write
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.ingest.spool import ABANDONED_SECONDS, Spool

STOP = b'{"hook_event_name":"Stop","session_id":"s"}\n'
LATER = b'{"v":2,"session_id":"s","trace_type":"tool","name":"later"}\n'


class Room:
    """A spool folder, its reader, and the writer behind."""

    def __init__(self, store: StoreRoom, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.spool = self.new_spool()

    def new_spool(self) -> Spool:
        """Return a reader as a daemon that starts has it."""
        redactor = Redactor()
        return Spool(
            self.folder,
            lambda: Protocol(redactor),
            self.store.intake,
            lambda uid: uid == os.geteuid(),
            1000,
        )

    def leave(self, *lines: bytes, unix_ns: int = 10**18, name: str = "") -> Path:
        """Leave a file as a client does."""
        path = self.folder / (name or make_name(unix_ns, 1, "ab"))
        path.write_bytes(b"".join(lines))
        return path

    async def take_all(self) -> None:
        """Take in what is there."""
        with anyio.fail_after(60):
            await self.spool.take_all()

    @property
    def names(self) -> list[str]:
        """The names of all steps, in the order of their recording."""
        query = "SELECT name FROM execution_traces ORDER BY step_order"
        return [row["name"] for row in rows(self.store.db, query)]

    @property
    def left(self) -> list[str]:
        """What is in the folder."""
        return sorted(path.name for path in self.folder.iterdir())


@asynccontextmanager
async def spool_room(tmp_path: Path) -> AsyncIterator[Room]:
    """Run a writer on a new database, and read a new spool folder."""
    folder = tmp_path / "spool"
    folder.mkdir(mode=0o700)
    async with store_room(tmp_path) as store, anyio.create_task_group() as tasks:
        tasks.start_soon(store.writer.run)
        yield Room(store, folder)
        tasks.cancel_scope.cancel()


@contextmanager
def warnings() -> Iterator[list[EventDict]]:
    """Collect what the log is told at warning and above."""
    found: list[EventDict] = []
    with capture_logs() as lines:
        yield found
    found += [line for line in lines if line["log_level"] in ("warning", "error")]


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
        assert room.store.figures.duplicate == 4


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


async def test_a_file_of_a_later_version_is_left_and_told_once(tmp_path: Path) -> None:
    """It holds nobody back, and is not read again until another daemon starts."""
    async with spool_room(tmp_path) as room:
        path = room.leave(LATER, unix_ns=1)
        with warnings() as told:
            room.leave(native(1), unix_ns=2)
            await room.take_all()
            path.write_bytes(native(9))
            await room.take_all()
        assert room.names == ["n1"]
        assert room.left == [path.name]
        room.spool = room.new_spool()
        await room.take_all()

        assert room.names == ["n1", "n9"]
        assert [(line["event"], line["why"]) for line in told] == [
            ("spool_file_left", "it was written by a newer traced")
        ]
        assert told[0]["file"] == path.name


async def test_what_cannot_be_read_is_told_once_and_read_later(tmp_path: Path) -> None:
    """A second link to it is removed, and the next look takes it."""
    async with spool_room(tmp_path) as room:
        path = room.leave(native(1))
        (room.folder / "other").hardlink_to(path)
        with warnings() as told:
            await room.take_all()
            await room.take_all()
        assert room.names == []
        (room.folder / "other").unlink()
        await room.take_all()

        assert (room.names, room.left) == (["n1"], [])
        assert [line["why"] for line in told] == ["it has 2 links, expected 1"]


@pytest.mark.parametrize(
    "kind", ["folder", "fifo", "link", "socketless", "of somebody else", "no rights"]
)
async def test_what_is_not_a_clients_file_holds_nobody_back(tmp_path: Path, kind: str) -> None:
    """Whatever bears the name of a spool file: it stays, and the others are taken."""
    async with spool_room(tmp_path) as room:
        path = room.folder / make_name(1, 1, "ab")
        match kind:
            case "folder":
                path.mkdir()
            case "fifo":
                os.mkfifo(path)
            case "link":
                path.symlink_to(tmp_path / "t.db")
            case "socketless":
                os.mknod(path, 0o140600)
            case "of somebody else" if os.geteuid() == 0:
                room.leave(native(9), unix_ns=1)
                os.chown(path, 4321, 4321)
            case "no rights" if os.geteuid() != 0:
                room.leave(native(9), unix_ns=1).chmod(0)
            case _:
                pytest.skip("depends on who runs the tests")
        room.leave(native(1), unix_ns=2)
        with warnings() as told:
            await room.take_all()
            before = len(os.listdir("/dev/fd"))
            await room.take_all()
            assert len(os.listdir("/dev/fd")) == before

        assert (room.names, room.left) == (["n1"], [path.name])
        assert [line["event"] for line in told] == ["spool_file_left"]


async def test_half_written_files_are_not_read(tmp_path: Path) -> None:
    """Under its dot name a file is not whole yet; files of other names are not ours."""
    async with spool_room(tmp_path) as room:
        hidden = room.leave(native(1), name="." + make_name(1, 1, "ab"))
        other = room.leave(native(2), name="notes.txt")
        await room.take_all()
        assert room.names == []
        assert room.left == sorted([hidden.name, other.name])
        hidden.rename(room.folder / hidden.name[1:])
        await room.take_all()

        assert room.names == ["n1"]


async def test_what_a_dead_client_left_half_written_goes_after_a_while(tmp_path: Path) -> None:
    """An hour is more than any client lives; files of other names stay, however old."""
    async with spool_room(tmp_path) as room:
        hidden = room.leave(native(1)[:9], name="." + make_name(1, 1, "ab"))
        other = room.leave(name=".profile")
        old = time.time() - ABANDONED_SECONDS - 60
        for path in (hidden, other):
            os.utime(path, (old, old))
        with warnings() as told:
            await room.take_all()

        assert room.left == [".profile"]
        assert [line["event"] for line in told] == ["spool_file_abandoned"]


async def test_a_file_that_cannot_be_deleted_is_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, not read again at each look, and does not end the daemon."""

    def refuse(_path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(1, "Operation not permitted", missing_ok)

    async with spool_room(tmp_path) as room:
        room.leave(native(1))
        with monkeypatch.context() as patch, warnings() as told:
            patch.setattr(Path, "unlink", refuse)
            await room.take_all()
            await room.take_all()

        assert room.names == ["n1"]
        assert room.store.figures.received == 1
        assert [line["why"] for line in told] == [
            "taken in, but it cannot be deleted: Operation not permitted"
        ]


async def test_a_folder_that_is_gone_is_told_once(tmp_path: Path) -> None:
    """And read again when it is there again."""
    async with spool_room(tmp_path) as room:
        room.folder.rmdir()
        with warnings() as told:
            await room.take_all()
            await room.take_all()
        room.folder.mkdir()
        room.leave(native(1))
        await room.take_all()

        assert room.names == ["n1"]
        assert len(told) == 1


async def test_a_file_that_appears_is_taken_while_running(tmp_path: Path) -> None:
    """The folder is looked into again and again."""
    async with spool_room(tmp_path) as room, anyio.create_task_group() as tasks:
        tasks.start_soon(room.spool.watch, 0.01)
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
