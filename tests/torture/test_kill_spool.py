"""Kill the daemon at exact system calls between reading a spool file and deleting it."""

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from support.daemon import Daemon, Row, wait_until
from support.kill_points import UNLINK, dies_at, fault, kill_at_each, kinds, new_folder, only_every
from support.recorded import envelope
from support.snapshot import Snapshot, check_file
from support.strace import needs_strace, strace

pytestmark = [needs_strace, pytest.mark.timeout(900)]

FEW_A_BATCH = ("env", "TRACED_BATCH_EVENTS_MAX=2", "TRACED_SPOOL_SCAN_SECONDS=0.05")


def payload(name: str, **more: object) -> bytes:
    """Return a hook payload of Claude Code."""
    return json.dumps({"session_id": "hooks", "hook_event_name": name, **more}).encode()


def call(number: int) -> dict[str, object]:
    """Return what the hooks of one call have in common."""
    return {"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": f"t{number}"}


def native(name: str, **more: object) -> bytes:
    """Return a native event without an event_id."""
    event: Row = {"v": 1, "session_id": "native", "trace_type": "tool", "name": name, **more}
    return json.dumps(event).encode()


# Each file with its lines; none but the envelopes has an event_id of its own.
SPOOLED = [
    [native("whole 1"), native("whole 2"), native("whole 3")],
    [native("call", phase="start", call_id="n1")],
    [b'{"v":1,"session_id":"native","lifecycle":"prompt","prompt":"one"}'],
    [native("call", phase="end", call_id="n1"), b"", native("whole 4")],
    [envelope(payload("UserPromptSubmit", prompt="by the client"), "e1", 1_795_356_000_000)],
    [envelope(payload("PreToolUse", **call(1)), "e2", 1_795_356_001_000)],
    [envelope(payload("PostToolUse", **call(1)), "e3", 1_795_356_002_000)],
    [payload("PreToolUse", **call(2)), payload("PostToolUse", **call(2))],
    [payload("Stop"), payload("Stop")],
    [b""],
    [b'{"v":1,"session_id":"native","lifecycle":"prompt","prompt":"two"}', native("whole 5")],
]
NATIVE_STEPS = [("whole 1", 0), ("whole 2", 0), ("whole 3", 0), ("call", 0)]
NATIVE_STEPS += [("whole 4", 1), ("whole 5", 2)]
REJECTED = [
    [b"garbage"],
    [b"{", native("whole 6"), b'{"v":1,"session_id":"native","trace_type":"tool","name":7}'],
    [b"\xff\xfe"],
]


def fill(spool: Path, files: list[list[bytes]]) -> None:
    """Write spool files as the hook client does, in an order that their names tell."""
    spool.mkdir(mode=0o700, exist_ok=True)
    for number, lines in enumerate(files):
        name = f"{1_795_356_000_000_000_000 + number:020d}-1-ab.ndjson"
        (spool / f".{name}").write_bytes(b"\n".join(lines) + b"\n")
        (spool / f".{name}").rename(spool / name)


def is_over(daemon: Daemon) -> bool:
    """Tell whether the daemon is dead, or has taken in the spool."""
    assert daemon.process is not None
    return daemon.process.poll() is not None or not list(daemon.spool.glob("*.ndjson"))


def take_in_and_die(folder: Path, files: list[list[bytes]], kind: str, when: int) -> Daemon:
    """Let a daemon die while it takes in these files, as it runs; leave the dead or living one."""
    daemon = Daemon(folder, around=FEW_A_BATCH)
    daemon.start()
    assert daemon.process is not None
    with dies_at(daemon.process.pid, kind, when):
        fill(daemon.spool, files)
        wait_until(lambda: is_over(daemon), "the spool to be taken in, or the daemon to die")
    return daemon


def start_and_die(folder: Path, files: list[list[bytes]], kind: str, when: int) -> Daemon:
    """Let a daemon die while it takes in these files before it is ready."""
    ready = Daemon(folder)
    ready.start()
    ready.stop()
    fill(ready.spool, files)
    files_and_log = [*ready.spool.iterdir(), ready.db.with_name("traced.db-wal")]
    around = strace(folder / "trace", [kind], inject=[fault(kind, when)], paths=files_and_log)
    daemon = Daemon(folder, around=[*FEW_A_BATCH, *around])
    try:
        daemon.start()
    except AssertionError:
        assert daemon.process is not None
        assert daemon.process.wait() == -signal.SIGKILL
    return daemon


def restarted(daemon: Daemon) -> bool:
    """
    Stop a daemon that lives, start it again if it was killed, or is so at the stop.

    Tell whether it was; its spool is empty in the end.
    """
    assert daemon.process is not None
    code = daemon.process.poll()
    if code is None:
        code = daemon.stop()
    assert code in {0, -signal.SIGKILL}
    check_file(daemon.db)
    if code != 0:
        with Daemon(daemon.folder) as later:
            assert later.stop() == 0
    assert not list(daemon.spool.iterdir())
    return code != 0


Dying = Callable[[Path, list[list[bytes]], str, int], Daemon]


@pytest.mark.parametrize("dying", kinds(take_in_and_die, start_and_die))
@pytest.mark.parametrize("kind", kinds(UNLINK, "pwrite64", "fdatasync"))
def test_spooled_event_is_stored_once_wherever_the_daemon_is_killed(
    tmp_path: Path, dying: Dying, kind: str
) -> None:
    """Between reading a spool file, committing it and deleting it there is no bad instant."""

    def attempt(when: int) -> bool:
        daemon = dying(new_folder(tmp_path), SPOOLED, kind, when)
        was_killed = restarted(daemon)
        check_spooled(Snapshot(daemon.db))
        return was_killed

    kill_at_each(attempt)


def check_spooled(stored: Snapshot) -> None:
    """What SPOOLED holds is there, each event once."""
    steps = stored.steps(session_id="native")
    assert [(step["name"], step["prompt_number"]) for step in steps] == NATIVE_STEPS
    assert {step["status"] for step in steps} == {"ok"}
    prompts = stored.rows("prompts", session_id="native")
    assert [row["summary"] for row in prompts] == ["one", "two"]
    calls = stored.steps(session_id="hooks")
    assert [(step["call_id"], step["status"]) for step in calls] == [("t1", "ok"), ("t2", "ok")]
    (prompt,) = stored.rows("prompts", session_id="hooks")
    assert prompt["summary"] == "by the client"
    assert prompt["ended_at"] is not None
    assert stored.rows("rejected_events") == []


@only_every
@pytest.mark.parametrize("dying", kinds(take_in_and_die, start_and_die))
@pytest.mark.parametrize("kind", kinds(UNLINK, "fdatasync"))
def test_rejected_line_of_the_spool_is_told_once_wherever_the_daemon_is_killed(
    tmp_path: Path, dying: Dying, kind: str
) -> None:
    """One row tells of it, though the daemon reads it again after the kill."""

    def attempt(when: int) -> bool:
        daemon = dying(new_folder(tmp_path), REJECTED, kind, when)
        was_killed = restarted(daemon)
        stored = Snapshot(daemon.db)
        reasons = [row["reason"] for row in stored.rows("rejected_events")]
        assert sorted(reasons) == ["bad_field", "not_json", "not_json", "not_utf8"]
        assert [step["name"] for step in stored.steps()] == ["whole 6"]
        return was_killed

    kill_at_each(attempt)


def test_spool_file_of_many_rounds_is_stored_once_though_the_daemon_is_killed(
    tmp_path: Path,
) -> None:
    """Read from its start again, the part that was committed is known by its place in the file."""
    names = [f"many {number}" for number in range(6_000)]
    with Daemon(tmp_path / "d") as daemon:
        fill(daemon.spool, [[native(name) for name in names]])
        wait_until(lambda: daemon.status()["stored"] > 0, "some of it to be stored")
        daemon.kill()
        check_file(daemon.db)
        (file,) = daemon.spool.iterdir()
        assert 0 < len(daemon.steps()) < len(names)
        daemon.start()
        wait_until(lambda: not file.exists(), "the file to be taken in")

        assert [step["name"] for step in daemon.steps()] == names
        assert daemon.stop() == 0
