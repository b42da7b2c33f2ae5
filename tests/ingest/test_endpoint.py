import os
import resource
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.house import open_descriptors

from traced.core.errors import AlreadyRunning, ConfigError
from traced.ingest.endpoint import DESCRIPTORS_KEPT, allow_descriptors, bound, locked

HOLD = """
import sys, pathlib
from traced.ingest.endpoint import locked
with locked(pathlib.Path(sys.argv[1]), "database"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    """A second one is told who holds it, and what to do."""
    with (
        locked(tmp_path / "x.db", "database"),
        pytest.raises(AlreadyRunning) as caught,
        locked(tmp_path / "x.db", "database"),
    ):
        pass

    assert str(caught.value) == (
        f"database {tmp_path}/x.db is in use by another traced (pid {os.getpid()}):"
        " stop that one, or give this one another place"
    )


def test_a_lock_is_free_after_its_block(tmp_path: Path) -> None:
    """The lock file that is left behind locks nobody out."""
    for _ in range(2):
        with locked(tmp_path / "x.db", "database"):
            pass


def test_a_lock_whose_file_was_deleted_is_taken_anew(tmp_path: Path) -> None:
    """Who deletes a database takes the lock with it; kept again, it keeps others out again."""
    with locked(tmp_path / "x.db", "database") as lock:
        (tmp_path / "x.db.lock").unlink()
        lock.keep()

        with pytest.raises(AlreadyRunning), locked(tmp_path / "x.db", "database"):
            pass


def test_a_lock_that_another_took_is_not_taken_back(tmp_path: Path) -> None:
    """Whoever has the file that is there now has the lock."""
    with locked(tmp_path / "x.db", "database") as lock:
        (tmp_path / "x.db.lock").unlink()
        with locked(tmp_path / "x.db", "database"), pytest.raises(AlreadyRunning):
            lock.keep()
        lock.keep()


def test_a_lock_that_is_in_place_stays_as_it_is(tmp_path: Path) -> None:
    """To keep it again opens nothing."""
    with locked(tmp_path / "x.db", "database") as lock:
        before = open_descriptors()
        lock.keep()

        assert open_descriptors() == before


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    """After kill -9 nothing has to be cleaned up."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "x.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning), locked(tmp_path / "x.db", "database"):
            pass
        process.kill()
        process.wait()

        with locked(tmp_path / "x.db", "database"):
            pass


def test_one_file_by_two_names_has_one_lock(tmp_path: Path) -> None:
    """A link to the database is the database."""
    (tmp_path / "link.db").symlink_to(tmp_path / "x.db")

    with (
        locked(tmp_path / "x.db", "database"),
        pytest.raises(AlreadyRunning),
        locked(tmp_path / "link.db", "database"),
    ):
        pass


def test_a_lock_file_is_private(tmp_path: Path) -> None:
    """Nobody else may open it, and so hold it."""
    with locked(tmp_path / "x.db", "database"):
        assert stat.S_IMODE((tmp_path / "x.db.lock").stat().st_mode) == 0o600


def test_a_lock_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """What it leads to is not written to."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "x.db.lock").symlink_to(tmp_path / "precious")

    with pytest.raises(ConfigError, match="cannot be opened"), locked(tmp_path / "x.db", "x"):
        pass

    assert (tmp_path / "precious").read_text() == "precious"


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


def test_descriptors_are_allowed_for_all_connections() -> None:
    """The limit is raised as far as the user may; what fits is told."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, before[1]))

        assert allow_descriptors(200) == 200
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (200 + DESCRIPTORS_KEPT, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_connections_are_fewer_where_the_limit_is_hard() -> None:
    """Some descriptors are kept for the database and the spool."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100));"
        "from traced.ingest.endpoint import allow_descriptors; print(allow_descriptors(200))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert shown.stdout == b"36\n"
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
