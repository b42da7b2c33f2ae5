import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.attach import injecting
from support.daemon import wait_until
from support.private_systemd import SERVICE, SOCKET, UserSystemd, needs_systemd
from support.store_room import locked_database
from support.strace import needs_strace

pytestmark = [pytest.mark.systemd, needs_systemd]


@pytest.fixture
def systemd(short_folder: Path) -> Iterator[UserSystemd]:
    """A user's systemd in which the service is installed."""
    with UserSystemd(short_folder) as systemd:
        systemd.install()
        yield systemd


def step(name: str, **more: object) -> dict[str, object]:
    """A whole step."""
    return {"v": 1, "session_id": "s", "trace_type": "tool", "name": name, **more}


def stored(systemd: UserSystemd, name: str) -> None:
    """Send a step, which has to be stored."""
    with systemd.connect() as client:
        assert client.ask(step(name, ack=True))["status"] == "stored"


def test_first_event_starts_the_daemon(systemd: UserSystemd) -> None:
    """Nothing runs before; afterwards it runs, is ready, and says how it is."""
    assert systemd.show("ActiveState") == "inactive"
    stored(systemd, "first")

    systemd.waits_for("active")
    wait_until(lambda: "last commit 20" in systemd.show("StatusText"), "the commit to be told")
    assert systemd.show("StatusText").startswith("recording; 0 queued; last commit 20")


def test_wrong_settings_stop_it_once(systemd: UserSystemd) -> None:
    """It ends with 78 and is not started again, though somebody waits; who comes is turned away."""
    systemd.configure("batch_events_max = 0\n")
    with systemd.connect() as client:
        client.send_json(step("lost"))
        systemd.waits_for("failed")
        systemd.waits_for("inactive", unit=SOCKET)

    assert systemd.show("ExecMainStatus") == "78"
    assert systemd.show("NRestarts") == "0"
    starts = [line for line in systemd.journal() if "batch_events_max" in line["MESSAGE"]]
    assert len(starts) == 1
    with pytest.raises(OSError, match="No such file"):
        systemd.connect()

    systemd.configure("")
    systemd.install()
    stored(systemd, "after it was mended")


@needs_strace
def test_writer_that_hangs_is_killed_and_started_again(systemd: UserSystemd) -> None:
    """Its loop answers, but nothing is committed: the watchdog notices."""
    systemd.drop_in("WatchdogSec=2")
    stored(systemd, "before")
    hanging = systemd.pid()
    log = systemd.db.with_name("traced.db-wal")
    with injecting(hanging, "fdatasync", "delay_enter=100s", [log]), systemd.connect() as client:
        client.send_json(step("hangs"))
        systemd.waits_for("watchdog", "Result")  # strace holds what is left of it until the end

    wait_until(lambda: systemd.show("NRestarts") == "1", "it to be started again")
    stored(systemd, "after")
    names = [row["name"] for row in systemd.rows()]
    assert (names[0], names[-1]) == (
        "before",
        "after",
    )  # whether the third is there, is nobody told


def test_journal_has_priorities_and_fields(systemd: UserSystemd) -> None:
    """The priority is taken off the line; what is left is JSON."""
    stored(systemd, "first")
    with systemd.connect() as client:
        client.send(b"nonsense")
        client.flush()
    wait_until(
        lambda: any("events_rejected" in line["MESSAGE"] for line in systemd.journal()),
        "the rejection to be logged",
    )
    lines = {
        (told := json.loads(line["MESSAGE"]))["event"]: (line["PRIORITY"], told)
        for line in systemd.journal()
    }

    priority, ready = lines["ready"]
    assert (priority, ready["socket"], ready["database"]) == (
        "6",
        str(systemd.socket),
        str(systemd.db),
    )
    priority, rejected = lines["events_rejected"]
    assert (priority, rejected["level"], rejected["not_json"]) == ("4", "warning", 1)


def test_stop_takes_no_longer_than_it_may(systemd: UserSystemd) -> None:
    """Somebody holds the database; what is not stored is spooled, and the next start has it."""
    systemd.configure("drain_seconds_max = 1\n")
    stored(systemd, "before")
    with locked_database(systemd.db), systemd.connect() as client:
        client.send_json(step("waits"))
        wait_until(lambda: "; 1 queued" in systemd.show("StatusText"), "it to wait")
        began = time.monotonic()
        systemd.systemctl("stop", SERVICE)
        took = time.monotonic() - began

    assert took < 1 + 10
    assert systemd.show("Result") == "success"
    assert len(list(systemd.spool.glob("*.ndjson"))) == 1
    stored(systemd, "after")
    assert [row["name"] for row in systemd.rows()] == ["before", "waits", "after"]


def test_reload_reads_the_settings(systemd: UserSystemd) -> None:
    """And systemctl knows when it is over."""
    stored(systemd, "first")
    systemd.configure('capture = "metadata"\n')
    systemd.systemctl("reload", SERVICE)
    wait_until(
        lambda: any("settings_reloaded" in line["MESSAGE"] for line in systemd.journal()),
        "the reload to be logged",
    )

    assert systemd.show("ActiveState") == "active"


def test_socket_stays_systemds_own(systemd: UserSystemd) -> None:
    """A stop leaves it open, and no daemon started by hand takes it."""
    stored(systemd, "first")
    systemd.systemctl("stop", SERVICE)
    assert systemd.socket.is_socket()
    by_hand = systemd.traced("run")
    assert by_hand.returncode == 1
    assert "it answers" in by_hand.stderr
    stored(systemd, "second")
    by_hand = systemd.traced("run")

    assert by_hand.returncode == 1
    assert "is in use by another traced" in by_hand.stderr


def test_service_is_installed_looked_at_and_taken_away(short_folder: Path) -> None:
    """Twice is once; what was recorded stays."""
    with UserSystemd(short_folder) as systemd:
        assert systemd.traced("service", "status").returncode == 1
        dry = systemd.traced("service", "install", "--dry-run")
        assert f"+ListenStream={systemd.socket}\n" in dry.stdout
        assert not systemd.units.exists()
        systemd.install()
        stored(systemd, "first")
        pid = systemd.show("MainPID")
        again = systemd.traced("service", "install")
        assert again.stdout.count("nothing to change") == 3
        systemd.waits_for("active")
        assert systemd.show("MainPID") != pid  # the program may be another one
        found = json.loads(systemd.traced("service", "status", "--json").stdout)["service"]
        assert (found["listens"], found["differing_files"]) == (True, [])
        assert found["units"][SERVICE]["active"] == "active"
        gone = systemd.traced("service", "uninstall")
        assert gone.returncode == 0, gone.stderr

        assert list(systemd.units.glob("agent-traced*")) == []
        assert not systemd.socket.exists()
        assert [row["name"] for row in systemd.rows()] == ["first"]


def test_daemon_of_another_is_not_pushed_aside(short_folder: Path) -> None:
    """One that was started by hand: it has to be stopped first."""
    with UserSystemd(short_folder) as systemd:
        by_hand = ["systemd-run", "--user", "--quiet", str(systemd.python), "-P", "-m", "traced"]
        assert systemd.run(*by_hand, "run").returncode == 0
        wait_until(lambda: systemd.traced("status").returncode == 0, "it to answer")
        refused = systemd.traced("service", "install")

        assert refused.returncode == 1
        assert "a daemon that systemd did not start listens at" in refused.stderr
        assert not systemd.units.exists()


def test_units_are_what_systemd_understands(systemd: UserSystemd) -> None:
    """It warns of nothing in them."""
    files = [str(path) for path in systemd.units.glob("agent-traced*.*") if path.is_file()]
    found = systemd.run("systemd-analyze", "--user", "verify", "--man=no", *files)

    assert (len(files), found.returncode) == (3, 0)
    assert "agent-traced" not in found.stderr
