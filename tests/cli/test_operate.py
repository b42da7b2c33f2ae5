import json
import re
from pathlib import Path

from support.daemon import Daemon, wait_until
from support.locker import locked_by_another

from traced.config import RULES
from traced.ingest.locks import locked


def test_status_names_the_figures_of_the_contract(tmp_path: Path) -> None:
    """`status --json` has the documented keys while a daemon runs."""
    with Daemon(tmp_path / "d") as daemon:
        daemon.send(b'{"v":1,"session_id":"s","trace_type":"tool","name":"hello"}', b"no json")

        found = daemon.traced("status", "--json")

    figures = json.loads(found.stdout)
    assert found.returncode == 0
    assert figures["running"] is True
    assert figures["state"] == "ok"
    assert (figures["received"], figures["stored"]) == (2, 1)
    assert figures["rejected"] == {"not_json": 1}
    assert figures.keys() >= {
        "pid", "version", "uptime_seconds", "duplicate", "ignored", "discarded", "queued",
        "queued_max", "queued_bytes", "batch_events_last", "commit_seconds", "last_commit_at",
        "last_commit_age_seconds", "spool_files", "spool_bytes", "wal_bytes",
        "oldest_reader_seconds", "database_bytes", "connections",
    }  # fmt: skip


def test_status_for_people_has_a_line_for_each_figure(tmp_path: Path) -> None:
    """Without --json it is told in the words of people."""
    with Daemon(tmp_path / "d") as daemon:
        lines = daemon.traced("status").stdout.decode().splitlines()

    assert lines[0] == "state        ok"
    assert lines[2].startswith("received     0 events: 0 stored")


def test_status_of_a_daemon_that_cannot_store_fails(tmp_path: Path) -> None:
    """Whoever looks at the exit code alone is not told that all is well."""
    with Daemon(tmp_path / "d") as daemon:
        with locked_by_another(daemon.db), daemon.connect() as client:
            client.send(b'{"v":1,"session_id":"s","trace_type":"tool","name":"hello"}')
            wait_until(lambda: daemon.status()["state"] == "retrying", "the daemon to say so")
            found = daemon.traced("status", "--json")
        wait_until(lambda: daemon.status()["state"] == "ok", "the daemon to recover")
        recovered = daemon.traced("status")

    assert found.returncode == 1
    assert json.loads(found.stdout)["state"] == "retrying"
    assert b"writer_stalled" in found.stderr
    assert recovered.returncode == 0


def test_status_without_a_daemon_fails_and_says_how_to_start_one(tmp_path: Path) -> None:
    """Nobody there is exit 1: a message for people, one document for programs."""
    daemon = Daemon(tmp_path / "d")

    for_people, for_programs = daemon.traced("status"), daemon.traced("status", "--json")

    assert for_people.returncode == for_programs.returncode == 1
    assert b"traced run" in for_people.stderr
    assert json.loads(for_programs.stdout) == {"running": False}


def test_status_of_a_daemon_that_is_starting_does_not_ask_to_start_it(tmp_path: Path) -> None:
    """It holds the lock of the socket before it listens."""
    daemon = Daemon(tmp_path / "d")
    daemon.socket.parent.mkdir(parents=True, exist_ok=True)
    with locked(daemon.socket, "socket"):
        found = daemon.traced("status")

    assert found.returncode == 1
    assert b"has its lock" in found.stderr
    assert b"takes in what was spooled before it answers" in found.stderr
    assert b"traced run" not in found.stderr


def test_run_says_where_things_are_and_how_to_go_on(tmp_path: Path) -> None:
    """The first lines name the database, the socket, and a first event."""
    with Daemon(tmp_path / "d") as daemon:
        hint = '| nc -NU "$sock"'
        wait_until(lambda: hint in daemon.log.read_text(), "the last of what it says")
        said = daemon.log.read_text()

    assert f"traced records into  {daemon.db}" in said
    assert f"and listens on       {daemon.socket}" in said
    assert f"  sock={daemon.socket}\n" in said


def test_wrong_settings_are_told_all_at_once_with_exit_78(tmp_path: Path) -> None:
    """Each wrong setting has a line with its value and what was expected."""
    daemon = Daemon(tmp_path / "d")

    found = daemon.traced("run", "--capture", "everything", "--durability", "never")

    assert found.returncode == 78
    assert b"--capture is 'everything', expected full, metadata or summary" in found.stderr
    assert b"--durability is 'never', expected power or process" in found.stderr


def test_second_daemon_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    """A second `traced run` on the same database ends with a message; the first goes on."""
    with Daemon(tmp_path / "d") as daemon:
        found = daemon.traced("run", "--socket", str(tmp_path / "other.sock"))

        assert found.returncode == 1
        assert str(daemon.db).encode() in found.stderr
        assert daemon.status()["state"] == "ok"


def test_help_names_what_a_reload_changes(tmp_path: Path) -> None:
    """Every setting of the table that SIGHUP can change, and no other."""
    told = Daemon(tmp_path / "d").traced("run", "--help").stdout.decode()
    about = told.partition("SIGHUP")[2].partition("Example")[0]

    words = set(re.findall(r"[\w.]*\w", about))
    assert words & set(RULES) == {key for key, rule in RULES.items() if rule.reloads}
