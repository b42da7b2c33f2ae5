import os
import socket
import stat
from pathlib import Path

import pytest

from traced.core.errors import AlreadyRunning, ConfigError
from traced.ingest.endpoint import bound


def test_a_socket_is_private_from_the_first_moment(short_folder: Path) -> None:
    """Its mode is right before anybody can connect, whatever the umask was."""
    umask = os.umask(0)
    try:
        with bound(short_folder / "t.sock") as sock:
            assert stat.S_IMODE((short_folder / "t.sock").stat().st_mode) == 0o600
            with socket.socket(socket.AF_UNIX) as client, pytest.raises(ConnectionRefusedError):
                client.connect(sock.getsockname())
        assert os.umask(0) == 0
    finally:
        os.umask(umask)


def test_a_socket_file_ends_with_its_block(short_folder: Path) -> None:
    """Nothing is left behind."""
    with bound(short_folder / "t.sock"):
        pass

    assert list(short_folder.iterdir()) == []


def test_what_took_the_place_of_the_socket_file_outlives_it(short_folder: Path) -> None:
    """At the end only a socket is removed."""
    path = short_folder / "t.sock"
    with bound(path):
        path.unlink()
        path.write_text("precious")

    assert path.read_text() == "precious"


def test_a_dead_socket_is_replaced(short_folder: Path) -> None:
    """What a crash left behind is no obstacle."""
    path = short_folder / "t.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        dead.listen()
    inode = path.stat().st_ino

    with bound(path) as sock:
        sock.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
        assert path.stat().st_ino != inode or sock.getsockname() == str(path)


def test_a_live_socket_is_left_alone(short_folder: Path) -> None:
    """Somebody answers there: it stays his."""
    path = short_folder / "t.sock"
    with socket.socket(socket.AF_UNIX) as live:
        live.bind(str(path))
        live.listen()
        with pytest.raises(AlreadyRunning, match=r"held by another program \(it answers\)"):
            bound(path).__enter__()

        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_live_socket_whose_queue_is_full_is_left_alone(short_folder: Path) -> None:
    """Too busy to answer is not dead."""
    path = short_folder / "t.sock"
    with socket.socket(socket.AF_UNIX) as live, socket.socket(socket.AF_UNIX) as client:
        live.bind(str(path))
        live.listen(0)
        client.connect(str(path))
        with pytest.raises(AlreadyRunning, match="held by another program"):
            bound(path).__enter__()

        assert path.is_socket()


@pytest.mark.parametrize("kind", ["file", "folder", "link", "link to a socket", "dangling link"])
def test_what_is_no_socket_is_left_alone(short_folder: Path, kind: str) -> None:
    """A file of the user is not removed because a setting names it."""
    path = short_folder / "t.sock"
    match kind:
        case "file":
            path.write_text("precious")
        case "folder":
            path.mkdir()
        case "link":
            (short_folder / "real").write_text("precious")
            path.symlink_to(short_folder / "real")
        case "link to a socket":
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(short_folder / "real"))
            path.symlink_to(short_folder / "real")
        case _:
            path.symlink_to(short_folder / "nothing")
    before = path.lstat()

    with pytest.raises(ConfigError, match="expected a socket or nothing: move it away"):
        bound(path).__enter__()

    assert path.lstat().st_ino == before.st_ino


def test_a_socket_in_no_folder_is_a_wrong_setting(short_folder: Path) -> None:
    """The message names the path and the reason."""
    with pytest.raises(ConfigError, match="cannot be bound: No such file or directory"):
        bound(short_folder / "no" / "t.sock").__enter__()


def test_a_socket_whose_path_is_too_long_is_a_wrong_setting(short_folder: Path) -> None:
    """The kernel's bound is told."""
    with pytest.raises(ConfigError, match="cannot be bound: AF_UNIX path too long"):
        bound(short_folder / ("x" * 120)).__enter__()
