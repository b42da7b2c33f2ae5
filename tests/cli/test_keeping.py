import json
import os
import stat
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.daemon import Daemon
from support.store import append, whole, writer

from traced.ingest.locks import locked
from traced.store.recorder import Recorder

DAY_MS = 24 * 60 * 60 * 1000


def step(session: str, **more: object) -> bytes:
    """Return a step of a session as a line."""
    event = {"v": 1, "session_id": session, "trace_type": "tool", "name": "Bash", **more}
    return json.dumps(event).encode()


def printed(daemon: Daemon, *arguments: str) -> dict[str, Any]:
    """Run a command with --json; return its one object."""
    found = daemon.traced(*arguments, "--json")
    assert (found.returncode, found.stderr) == (0, b"")
    ((name, told),) = json.loads(found.stdout).items()
    assert name == arguments[0]
    return dict(told)


@pytest.fixture
def stopped(tmp_path: Path) -> Daemon:
    """A daemon that does not run, with two steps of each of three sessions."""
    daemon = Daemon(tmp_path / "d")
    daemon.spool.mkdir(mode=0o700)
    with closing(writer(daemon.db)) as connection:
        recorder = Recorder(connection)
        for session, days in (("old", 100), ("middle", 40), ("young", 0)):
            now = time.time_ns() // 1_000_000 - days * DAY_MS
            append(recorder, whole(session=session), whole(session=session), now=now)
    daemon.db.chmod(0o600)
    return daemon


def left(daemon: Daemon) -> set[str]:
    """Return which sessions there are."""
    return {row["session_id"] for row in daemon.rows("sessions")}


def test_a_dry_run_tells_and_removes_nothing(stopped: Daemon) -> None:
    """By the settings, 90 days, and by what is said."""
    by_settings = printed(stopped, "prune", "--dry-run")
    by_flag = printed(stopped, "prune", "--older-than", "30d", "--dry-run")

    assert (by_settings["sessions"], by_settings["steps"]) == (1, 2)
    assert (by_flag["sessions"], by_flag["steps"]) == (2, 4)
    assert 0 < by_settings["bytes"] < by_settings["bytes_used"]
    assert left(stopped) == {"old", "middle", "young"}


def test_sessions_are_removed_while_no_daemon_runs(stopped: Daemon) -> None:
    """Whole, and the file is left as one that a daemon can go on with."""
    told = printed(stopped, "prune", "--older-than", "30d")

    assert (told["sessions"], told["steps"], told["unmet"]) == (2, 4, None)
    assert left(stopped) == {"young"}
    with stopped as daemon:
        daemon.send(step("old"))
        assert [row["step_order"] for row in daemon.steps(session_id="old")] == [1]


def test_sessions_are_removed_by_the_daemon_that_runs(stopped: Daemon) -> None:
    """It alone writes; it says so in its status, and a resumed session starts anew at once."""
    with stopped as daemon:
        daemon.send(step("middle"))
        told = printed(daemon, "prune", "--older-than", "30d")
        daemon.send(step("old"))
        status = daemon.status()["retention"]

    assert (told["sessions"], told["steps"]) == (1, 2)
    assert left(stopped) == {"old", "middle", "young"}
    assert [row["step_order"] for row in stopped.steps(session_id="old")] == [1]
    assert [row["step_order"] for row in stopped.steps(session_id="middle")] == [1, 2, 3]
    assert (status["sessions_removed"], status["steps_removed"]) == (1, 2)


def test_what_cannot_be_met_is_said(stopped: Daemon) -> None:
    """A session that was used today stays, whatever the size."""
    told = stopped.traced("prune", "--max-size", "1KiB")

    lines = told.stdout.decode().splitlines()
    assert told.returncode == 0
    assert lines[0].startswith("removed 2 sessions with 4 steps: the database has ")
    assert lines[1].startswith("a limit is not met: about ")
    assert left(stopped) == {"young"}


def test_a_setting_of_zero_keeps_all(stopped: Daemon) -> None:
    """Neither age nor size is a limit then."""
    folder = stopped.folder / "home/.config/traced"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "config.toml").write_text("[retention]\ndays_max = 0\nbytes_max = 0\n")

    assert printed(stopped, "prune")["sessions"] == 0
    assert left(stopped) == {"old", "middle", "young"}


def test_wrong_amounts_are_wrong_usage(stopped: Daemon) -> None:
    """The message says what was expected."""
    found = stopped.traced("prune", "--older-than", "30")

    assert found.returncode == 2
    assert b"'30', expected something like 30d" in found.stderr


def test_without_a_database_there_is_nothing_to_prune(tmp_path: Path) -> None:
    """And none is made."""
    daemon = Daemon(tmp_path / "d")

    found = daemon.traced("prune")

    assert found.returncode == 1
    assert b"there is no database at" in found.stderr
    assert not daemon.db.exists()


def test_a_daemon_is_not_asked_about_another_ones_database(stopped: Daemon, tmp_path: Path) -> None:
    """Who names one database must not lose sessions of another."""
    with stopped, Daemon(tmp_path / "other") as other:
        found = other.traced("prune", "--db", str(stopped.db), "--older-than", "1h")

    assert found.returncode == 1
    assert f"db is {stopped.db}, expected {other.db}".encode() in found.stderr
    assert left(stopped) == {"old", "middle", "young"}


def test_a_database_that_somebody_holds_is_left_alone(stopped: Daemon) -> None:
    """Another prune, say: the message names who holds it."""
    with locked(stopped.db, "database"):
        found = stopped.traced("prune", "--older-than", "30d")

    assert found.returncode == 1
    assert f"is in use by another traced (pid {os.getpid()})".encode() in found.stderr
    assert left(stopped) == {"old", "middle", "young"}


def test_a_backup_is_made_while_the_daemon_records(stopped: Daemon, tmp_path: Path) -> None:
    """It holds what was acked, and only its owner can read it."""
    copy = tmp_path / "copy.db"
    with stopped as daemon:
        daemon.send(step("now"))
        told = printed(daemon, "backup", str(copy))

    assert (told["file"], told["bytes"]) == (str(copy), copy.stat().st_size)
    assert (told["sessions"], told["steps"], told["schema_version"]) == (4, 7, 2)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_backup_overwrites_nothing_unless_forced(stopped: Daemon, tmp_path: Path) -> None:
    """The message names the way out; a relative name is one below the present folder."""
    copy = tmp_path / "copy.db"
    copy.write_text("precious")

    refused = stopped.traced("backup", os.path.relpath(copy))
    assert (refused.returncode, copy.read_text()) == (1, "precious")
    assert b"add --force" in refused.stderr

    forced = stopped.traced("backup", str(copy), "--force")
    assert forced.returncode == 0
    assert forced.stdout.startswith(f"{copy}: 3 sessions with 6 steps, ".encode())


def test_a_restored_backup_goes_on(stopped: Daemon, tmp_path: Path) -> None:
    """As --help says; orders and revisions follow those of the copy, spooled events come in."""
    copy = tmp_path / "copy.db"
    assert stopped.traced("backup", str(copy)).returncode == 0
    (revision,) = {row["revision"] for row in stopped.rows("execution_traces", id=6)}
    with stopped as daemon:
        daemon.send(step("young", name="lost"))
        daemon.stop()
    for file in stopped.folder.glob("traced.db*"):
        file.unlink()
    copy.rename(stopped.db)
    spooled = stopped.spool / "01800000000000000000-1-ab.ndjson"
    spooled.write_bytes(step("young", name="spooled", event_id="e1") + b"\n")
    spooled.chmod(0o600)

    with stopped as daemon:
        daemon.send(step("young", name="new"))
        steps = daemon.steps(session_id="young")

    assert [(row["step_order"], row["name"]) for row in steps] == [
        (1, "Bash"), (2, "Bash"), (3, "spooled"), (4, "new"),
    ]  # fmt: skip
    assert steps[2]["revision"] > revision
    assert not spooled.exists()
