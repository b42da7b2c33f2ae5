import os
import time
from pathlib import Path

import pytest
from support.house import native, open_descriptors
from support.spool_room import spool_room, warnings

from traced.client.spool import make_name
from traced.ingest.spool import ABANDONED_SECONDS

LATER = b'{"v":2,"session_id":"s","trace_type":"tool","name":"later"}\n'


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
            before = open_descriptors()
            await room.take_all()
            assert open_descriptors() == before

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
