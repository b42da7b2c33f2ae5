"""Kill a start at exact system calls while it makes the schema, or brings an old one up to date."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from support.daemon import DEADLINE_SECONDS, PYTHON, Daemon, Row
from support.kill_points import UNLINK, fault, kill_at_each, kinds, new_folder
from support.snapshot import Snapshot, check_file, look_into
from support.strace import needs_strace, strace

from traced.store.migrate import PACKAGED
from traced.store.statements import schema_version

pytestmark = [needs_strace, pytest.mark.timeout(900)]

RENAME = "/^rename(at2?)?$"
STEPS = 400
PRESENT = schema_version()
NEXT = PRESENT + 1
SCRIPT = """
ALTER TABLE step ADD COLUMN note TEXT;
UPDATE step SET note = 'of ' || name;
CREATE INDEX step_note ON step (note);
"""
# What the daemon does with its database at a start, with migrations of the test's own.
MIGRATE = """
import pathlib, sqlite3, sys
from traced.store.database import prepare

path = pathlib.Path(sys.argv[1])
connection = sqlite3.connect(path, isolation_level=None)
prepare(connection, path, "power", pathlib.Path(sys.argv[2]))
connection.close()
"""


@pytest.mark.parametrize("kind", kinds("pwrite64", "fdatasync", UNLINK))
def test_first_start_that_is_killed_is_made_good_by_the_next(tmp_path: Path, kind: str) -> None:
    """A database that was half made is finished, and records."""

    def attempt(when: int) -> bool:
        folder = new_folder(tmp_path)
        killing = strace(tmp_path / "trace", [kind], inject=[fault(kind, when)])
        code = ended(Daemon(folder, around=killing))
        assert code in {0, -signal.SIGKILL}
        with Daemon(folder) as daemon:
            daemon.send(event("x", 1))
            assert [step["name"] for step in daemon.steps()] == ["x"]
            assert daemon.stop() == 0
        check_file(folder / "traced.db")
        return code != 0

    kill_at_each(attempt)


def ended(daemon: Daemon) -> int:
    """Start a daemon, stop it unless it dies of that; return its exit code."""
    try:
        daemon.start()
    except AssertionError:
        assert daemon.process is not None
        return daemon.process.wait()
    return daemon.stop()


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database of the present schema that a kill left behind, its log still beside it."""
    folder = tmp_path_factory.mktemp("old") / "d"
    with Daemon(folder) as daemon:
        daemon.send(*(event(f"n{number}", number) for number in range(STEPS)))
        daemon.kill()
        daemon.socket.unlink()  # cannot be copied
    return folder


@pytest.fixture(scope="module")
def migrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the migrations there are and one more."""
    folder = tmp_path_factory.mktemp("migrations")
    shutil.copytree(str(PACKAGED), folder, dirs_exist_ok=True)
    (folder / f"{NEXT:04}_next.sql").write_text(SCRIPT)
    return folder


@pytest.mark.parametrize("kind", kinds("pwrite64", "fdatasync", "fsync", UNLINK, RENAME))
def test_migration_that_is_killed_leaves_the_old_or_the_new_database(
    tmp_path: Path, old: Path, migrations: Path, kind: str
) -> None:
    """Whole in either case, and a backup under its final name is whole, too; the next finishes."""

    def attempt(when: int) -> bool:
        db = new_folder(tmp_path) / "d" / "traced.db"
        shutil.copytree(old, db.parent)
        killing = strace(tmp_path / "trace", [kind], inject=[fault(kind, when)])
        code = migrate(db, migrations, killing)
        assert code in {0, -signal.SIGKILL}
        version = check_database(db, {PRESENT, NEXT})
        backup = db.with_name(f"traced.db.schema-{PRESENT}.backup")
        if version == NEXT or backup.exists():
            assert check_database(backup, {PRESENT}) == PRESENT
        assert migrate(db, migrations, []) == 0
        assert check_database(db, {NEXT}) == NEXT
        assert check_database(backup, {PRESENT}) == PRESENT
        assert not list(db.parent.glob("*.unfinished"))
        return code != 0

    kill_at_each(attempt)


def migrate(db: Path, migrations: Path, around: list[str]) -> int:
    """Open a database as the daemon does, in a process of its own; return its exit code."""
    command = [*around, PYTHON, "-c", MIGRATE, str(db), str(migrations)]
    return subprocess.run(command, check=False, timeout=DEADLINE_SECONDS).returncode


def check_database(db: Path, versions: set[int]) -> int:
    """Return the schema's version, which is one of these, of a database that has all its rows."""
    check_file(db)
    connection = look_into(db)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        assert version in versions
        if version == NEXT:
            notes = connection.execute("SELECT note FROM step ORDER BY step_order").fetchall()
            assert notes == [(f"of n{number}",) for number in range(STEPS)]
    finally:
        connection.close()
    assert [step["name"] for step in Snapshot(db).steps()] == [f"n{n}" for n in range(STEPS)]
    return int(version)


def event(name: str, number: int) -> bytes:
    """Return a whole step."""
    said: Row = {"v": 1, "session_id": "s", "trace_type": "tool", "name": name}
    return json.dumps(said | {"event_id": str(number)}).encode()
