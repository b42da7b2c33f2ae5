import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.house import open_descriptors

from traced.core.errors import AlreadyRunning, ConfigError
from traced.ingest.locks import holder, locked

HOLD = """
import sys, pathlib
from traced.ingest.locks import locked
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


def test_who_holds_a_lock_can_be_asked(tmp_path: Path) -> None:
    """Without trying it, as that would lock out a daemon that starts just then."""
    path = tmp_path / "x.db"
    assert holder(path) is None
    with locked(path, "database"):
        assert holder(path) == os.getpid()

    lock = tmp_path / "x.db.lock"
    for text in ("", "none", "0", "-1", str(1 << 70), str(dead_pid())):
        lock.write_text(text)
        assert holder(path) is None


def dead_pid() -> int:
    """Return the pid of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
    return process.pid


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
