import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from support.attach import failing
from support.daemon import Daemon
from support.form import LONG, long_form
from support.proc import needs_proc
from support.settled import settle
from support.stall import check_stall, daemon_in
from support.strace import needs_strace

MIB = 1024 * 1024
# What a file system that an error has made read-only answers, a full one in the middle of a
# commit, a broken disk, and one that is broken only where it is asked to make it last.
ERRORS = [
    ("pwrite64", "EROFS"),
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("pwrite64", "EDQUOT"),
    ("fdatasync", "EIO"),
    ("fdatasync", "ENOSPC"),
]

pytestmark = needs_proc


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path | None]:
    """A disk of 24 MiB; none where this user may not mount one."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "traced-test", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    yield folder if mounted else None
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory, disk: Path | None) -> Iterator[Daemon]:
    """One daemon for all: each fault leaves it as well as it was; at the end it stops well."""
    folder = tmp_path_factory.mktemp("d")
    with daemon_in(folder, (disk or folder) / "traced.db") as daemon:
        assert daemon.process is not None
        settle(daemon.process.pid)  # what finds no room for itself gives some back
        yield daemon
        assert daemon.stop() == 0


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Fill a disk to its last byte, and free it again."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(MIB)):
            pass
    yield
    ballast.unlink()


@contextmanager
def limited(pid: int, file_bytes_max: int) -> Iterator[None]:
    """Let a process write no file beyond a size, as `ulimit -f` does."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (file_bytes_max, hard))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def locked(db: Path) -> Iterator[None]:
    """Hold the database's write lock from another program."""
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def wal_of(daemon: Daemon) -> Path:
    """The log of the daemon's database."""
    return daemon.db.with_name(daemon.db.name + "-wal")


def test_a_full_disk_is_waited_for(daemon: Daemon, disk: Path | None) -> None:
    """With the disk full nobody is acked; once there is room it goes on by itself."""
    if disk is None:
        pytest.skip("a disk of its own, to be filled, can be mounted by root only")
    check_stall(daemon, "full", full(disk))


def test_a_file_size_limit_is_waited_for(daemon: Daemon) -> None:
    """A log that may not grow, by ulimit or quota, is one more full disk; SIGXFSZ kills nobody."""
    assert daemon.process is not None
    check_stall(daemon, "limit", limited(daemon.process.pid, 4096))


@long_form
def test_a_foreign_lock_is_waited_for(daemon: Daemon) -> None:
    """Another program that holds the write lock for seconds costs those seconds, and no event."""
    check_stall(daemon, "lock", locked(daemon.db))


@needs_strace
@pytest.mark.parametrize(("call", "error"), ERRORS if LONG else ERRORS[:1])
def test_a_failing_disk_is_waited_for(daemon: Daemon, call: str, error: str) -> None:
    """A log that cannot be written or synced is waited for, whatever the error is called."""
    assert daemon.process is not None
    fault = failing(daemon.process.pid, call, error, [wal_of(daemon)])
    check_stall(daemon, f"{call}-{error}", fault)
