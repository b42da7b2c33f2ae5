import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.house import turns, until

from traced.core.errors import AlreadyRunning
from traced.ingest.endpoint import bound, keep_places, locked


@asynccontextmanager
async def kept(path: Path) -> AsyncIterator[list[socket.socket]]:
    """Keep a place for the length of the block; yield the sockets that it is bound to anew."""
    sockets: list[socket.socket] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_places, path, sockets.append, (), 0.001)
        await turns(1)
        yield sockets
        tasks.cancel_scope.cancel()
    for sock in sockets:
        sock.close()


def test_a_lock_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """Who starts then meets a lock, as if nothing had been."""
    with locked(tmp_path / "x.db", "database") as lock:
        (tmp_path / "x.db.lock").unlink()
        lock.keep()

        with pytest.raises(AlreadyRunning, match=rf"\(pid {os.getpid()}\)"):
            locked(tmp_path / "x.db", "database").__enter__()
    with locked(tmp_path / "x.db", "database"):
        pass


def test_a_lock_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    """To look again costs nothing, and nobody else can slip in meanwhile."""
    with locked(tmp_path / "x.db", "database") as lock:
        before = (tmp_path / "x.db.lock").stat()
        lock.keep()

        assert os.path.samestat((tmp_path / "x.db.lock").stat(), before)


def test_a_lock_that_another_one_took_since_is_told(tmp_path: Path) -> None:
    """After the file was removed another one could start: both must not stay unknown."""
    with locked(tmp_path / "x.db", "database") as lock:
        (tmp_path / "x.db.lock").unlink()
        with locked(tmp_path / "x.db", "database"), pytest.raises(AlreadyRunning, match="in use"):
            lock.keep()


async def test_a_removed_socket_file_is_bound_again(short_folder: Path) -> None:
    """Each time, and its mode is right again."""
    path = short_folder / "t.sock"
    with bound(path):
        async with kept(path) as sockets:
            for number in (1, 2):
                path.unlink()
                await until(lambda: len(sockets) == number, "a new socket")  # noqa: B023
                assert sockets[-1].getsockname() == str(path)
                assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_socket_file_that_is_there_is_not_bound_again(short_folder: Path) -> None:
    """Nobody connects to it for that, and a changed mode is the user's business."""
    path = short_folder / "t.sock"
    with bound(path):
        async with kept(path) as sockets:
            path.chmod(0o640)
            await turns()

            assert sockets == []


async def test_what_took_the_place_of_the_socket_file_is_told_once(short_folder: Path) -> None:
    """It is left alone until it is gone; then the place is ours again."""
    path = short_folder / "t.sock"
    with bound(path), capture_logs() as logs:
        async with kept(path) as sockets:
            path.unlink()
            path.write_text("precious")
            await until(lambda: bool(logs), "the loss to be told")
            await turns()
            assert path.read_text() == "precious"
            assert [entry["event"] for entry in logs] == ["place_lost"]
            assert "is no socket, expected a socket or nothing" in logs[0]["why"]
            path.unlink()
            await until(lambda: len(sockets) == 1, "a new socket")


async def test_another_program_that_listens_there_keeps_the_place(short_folder: Path) -> None:
    """It answers, so that it is nobody's to remove."""
    path = short_folder / "t.sock"
    with bound(path), socket.socket(socket.AF_UNIX) as other, capture_logs() as logs:
        async with kept(path) as sockets:
            path.rename(short_folder / "elsewhere")
            other.bind(str(path))
            other.listen()
            await until(lambda: bool(logs), "the loss to be told")

            assert "is held by another program (it answers)" in logs[0]["why"]
            assert sockets == []
