import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.daemon import Daemon
from support.rows import Recording
from support.small_disk import full, needs_mount, small_disk

from traced.client.spool import write
from traced.doctor.probe import Way, send

SCAN_SECONDS = 0.05


@pytest.fixture(scope="module")
def running() -> Iterator[Daemon]:
    """A daemon that looks into its spool all the time."""
    with tempfile.TemporaryDirectory(prefix="traced-") as folder:
        daemon = Daemon(Path(folder) / "d")
        daemon.settings["TRACED_SPOOL_SCAN_SECONDS"] = str(SCAN_SECONDS)
        with daemon:
            yield daemon


@pytest.fixture
def marker(running: Daemon) -> Iterator[Path]:
    """The file that tells clients of a deadline missed just now; gone when the test is over."""
    path = running.folder / "spool.stuck"
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def hanging(running: Daemon, marker: Path) -> Iterator[Daemon]:
    """The daemon, while it does nothing."""
    assert running.process is not None
    os.kill(running.process.pid, signal.SIGSTOP)
    yield running
    os.kill(running.process.pid, signal.SIGCONT)


def way_of(daemon: Daemon) -> Way:
    """The way into this daemon's database."""
    return Way(daemon.db, daemon.socket, daemon.spool)


def test_the_probe_is_found_in_the_database_each_time(running: Daemon) -> None:
    """It makes one session without prompt or step, which people do not see unless they ask."""
    findings = [send(way_of(running), SCAN_SECONDS, daemon_runs=True) for _ in range(2)]

    assert [finding.state for finding in findings] == ["ok", "ok"]
    (session,) = running.rows("sessions")
    assert (session["agent"], session["session_id"]) == ("traced-doctor", "traced-doctor")
    assert running.rows("prompts") == running.steps() == []
    assert b"traced-doctor" not in running.traced("sessions").stdout


def test_the_probe_through_the_spool_is_a_warning(running: Daemon, marker: Path) -> None:
    """After a missed deadline clients spool for a while, and the daemon takes it from there."""
    marker.touch()

    finding = send(way_of(running), SCAN_SECONDS, daemon_runs=True)

    assert finding.state == "warning"
    assert "by the spool" in finding.told


def test_a_daemon_that_writes_elsewhere_is_wrong(running: Daemon, tmp_path: Path) -> None:
    """It takes the probe, which then is not in the database of these settings."""
    db = tmp_path / "other.db"
    with closing(Recording(db).connection):
        finding = send(Way(db, running.socket, running.spool), SCAN_SECONDS, daemon_runs=True)

    assert finding.state == "wrong"
    assert finding.told == f"the daemon at {running.socket} took it, and it is not in {db}"


def test_a_daemon_that_hangs_is_wrong(hanging: Daemon) -> None:
    """The probe waits in the spool, is not taken in, and does not stay there."""
    finding = send(way_of(hanging), SCAN_SECONDS, daemon_runs=True)

    assert finding.state == "wrong"
    assert list(hanging.spool.iterdir()) == []


@needs_mount
def test_a_full_spool_is_told_and_not_taken_for_other_settings(
    hanging: Daemon, tmp_path: Path
) -> None:
    """The daemon may get it yet, but has nowhere to store it; only its note is there."""
    with small_disk(tmp_path / "disk") as disk, full(disk):
        way = way_of(hanging)._replace(spool=disk)
        finding = send(way, SCAN_SECONDS, daemon_runs=True)

    assert finding.state == "wrong"
    assert "the spool had no room for it" in finding.told


def test_without_a_daemon_only_the_probe_is_taken_back(tmp_path: Path) -> None:
    """Other events wait on in the spool."""
    spool = tmp_path / "spool"
    waiting = write(spool, b'{"v":1,"agent":"claude-code","payload":{}}\n')

    finding = send(
        Way(tmp_path / "db", tmp_path / "t.sock", spool), SCAN_SECONDS, daemon_runs=False
    )

    assert (finding.state, finding.remedy) == ("wrong", "start the daemon: traced run")
    assert list(spool.iterdir()) == [waiting]
