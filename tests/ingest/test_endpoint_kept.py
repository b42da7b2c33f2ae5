import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from structlog.testing import capture_logs
from support.house import turns, until

from traced.ingest.endpoint import bound, keep_socket
from traced.ingest.locks import locked


@asynccontextmanager
async def kept(path: Path) -> AsyncIterator[list[socket.socket]]:
    """Keep a place for the length of the block; yield the sockets that it is bound to anew."""
    sockets: list[socket.socket] = []
    with locked(path, "socket") as lock:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_socket, path, sockets.append, lock, 0.001)
            await turns(1)
            yield sockets
            tasks.cancel_scope.cancel()
    for sock in sockets:
        sock.close()


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
            assert "is not a socket, expected a socket or nothing" in logs[0]["why"]
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
