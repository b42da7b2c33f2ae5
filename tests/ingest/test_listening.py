import socket
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.house import until

from traced.core.errors import AlreadyRunning
from traced.ingest.endpoint import keep_socket
from traced.ingest.listening import endpoint
from traced.ingest.locks import locked


def test_a_passed_socket_is_locked_where_it_is(short_folder: Path) -> None:
    """Whatever the settings say; it is neither bound nor removed, only closed here."""
    with socket.socket(socket.AF_UNIX) as passed, capture_logs() as logs:
        passed.bind(str(short_folder / "p"))
        held = passed.dup()
        with endpoint(short_folder / "s", held) as place:
            assert (place.sock, place.path, place.name) == (held, None, str(short_folder / "p"))
            with pytest.raises(AlreadyRunning), locked(short_folder / "p", "socket"):
                pass

        assert held.fileno() == -1
    assert [line["event"] for line in logs] == ["socket_elsewhere"]
    assert sorted(path.name for path in short_folder.iterdir()) == ["p", "p.lock"]


def test_without_one_the_path_is_bound(short_folder: Path) -> None:
    """And removed at the end, with nobody warned."""
    path = short_folder / "s"
    with capture_logs() as logs, endpoint(path, None) as place:
        assert (place.path, place.name) == (path, str(path))
        assert place.lock is not None

    assert logs == []
    assert not path.exists()


def test_an_abstract_socket_has_no_file_to_lock(short_folder: Path) -> None:
    """Nobody else can bind it while it lives."""
    with socket.socket(socket.AF_UNIX) as passed, capture_logs():
        passed.bind(f"\0traced-test-{short_folder.name}")
        with endpoint(short_folder / "s", passed.dup()) as place:
            assert place.lock is None


async def test_without_a_path_only_the_lock_is_kept(tmp_path: Path) -> None:
    """A socket that a service manager passed is not ours to bind."""
    sockets: list[socket.socket] = []
    with locked(tmp_path / "x", "socket") as lock:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_socket, None, sockets.append, lock, 0.001)
            (tmp_path / "x.lock").unlink()
            await until(lambda: lock.is_held, "the lock")
            tasks.cancel_scope.cancel()

    assert sockets == []
