import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.daemon import Daemon
from support.rows import Recording

from traced.store.migrate import APPLICATION_ID

Traced = Callable[..., subprocess.CompletedProcess[str]]


def test_rejected_events_are_listed(recording: Recording, traced: Traced) -> None:
    """Latest first; as JSON their bytes are text."""
    recording.rejected("not_json", raw=b"{", detail="line ends too early")
    recording.rejected("not_utf8", raw=b"\xff")
    done = traced("rejected", "--json")

    assert [(row["reason"], row["raw"]) for row in json.loads(done.stdout)["rejected"]] == [
        ("not_utf8", "\\xff"),
        ("not_json", "{"),
    ]
    assert "not_json  line ends too early" in traced("rejected").stdout


def test_what_can_be_read_by_now_is_stored(tmp_path: Path) -> None:
    """It leaves the list; what cannot is shown and stays, and is never sent or listed twice."""
    daemon = Daemon(tmp_path / "d")
    fill(daemon.db)
    with daemon:
        done = daemon.traced("rejected", "--retry").stdout.decode()
        assert done.splitlines()[-1] == "3 stored, 1 known already, 2 refused again"
        left = [row["reason"] for row in daemon.rows("rejected_events")]
        assert left == ["not_json", "spool_full", "bad_field"]
        assert [step["name"] for step in daemon.steps()] == ["first", "second"]
        assert daemon.steps()[0]["ended_at"] == "2023-11-14T22:13:20.000Z"  # when it first came

        again = json.loads(daemon.traced("rejected", "--retry", "--json").stdout)
        assert [each["reason"] for each in again["retried"]["refused"]] == ["not_json", "bad_field"]
        assert {key: again["retried"][key] for key in ("stored", "duplicate", "ignored")} == {
            "stored": 0, "duplicate": 0, "ignored": 0,
        }  # fmt: skip
        assert daemon.status()["rejected"] == {}


def test_without_a_daemon_nothing_changes(recording: Recording, traced: Traced) -> None:
    """The rows stay, and the message says what is missing."""
    recording.rejected(raw=b'{"session_id":"s","trace_type":"tool","name":"n"}')
    done = traced("rejected", "--retry")

    assert (done.returncode, done.stdout) == (1, "")
    assert "no daemon answers" in done.stderr
    assert len(recording.view("rejected_events")) == 1


@pytest.mark.usefixtures("recording")
def test_nothing_to_retry_is_no_failure(traced: Traced) -> None:
    """Nor is a daemon needed for it."""
    done = traced("rejected", "--retry")

    assert (done.returncode, done.stdout) == (0, "nothing was rejected\n")


def fill(path: Path) -> None:
    """Make a database with what an older daemon could not read."""
    recording = Recording(path)
    path.chmod(0o600)
    native = b'{"v":1,"session_id":"s","trace_type":"tool","name":"%b"%b}'
    with closing(recording.connection):
        recording.connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        recording.rejected(raw=b"{", detail="line ends too early")
        first = native % (b"first", b',"input":"a"')
        recording.rejected("version", raw=first, received_at=1_700_000_000_000)
        recording.rejected("spool_full", kind="discarded")
        recording.rejected("bad_field", raw=native % (b"second", b',"event_id":"e"'))
        recording.rejected("bad_field", raw=native % (b"second", b',"event_id":"e"'))
        hook = b'{"session_id":"h","hook_event_name":"SessionEnd"}'
        recording.rejected("adapter_error", raw=hook)
        recording.rejected("bad_field", raw=b'{"v":1,"session_id":"s","trace_type":"tool"}')
