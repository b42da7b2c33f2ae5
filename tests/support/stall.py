"""
A database that cannot be written for a while, under a daemon: the whole of what SPEC 7.7 promises.

Law: nobody is acked while it lasts, the hook client's events go to the spool, the daemon says so,
takes no memory, and goes on by itself when it is over.
"""

import json
import subprocess
import threading
from contextlib import AbstractContextManager
from pathlib import Path

from support.daemon import PYTHON, Daemon, Row, wait_until
from support.lives import logged
from support.proc import usage
from support.streams import Stream, check_file, check_steps

# The shared read buffer, a batch and what Python keeps of both; nothing that grows with the flood.
GROWTH_BYTES_MAX = 24 * 1024 * 1024
FLOOD_EVENTS = 4000
HOOKS_SESSION = "of-hooks"
HOOK = """
from traced.client import hook
hook.main()
"""


def daemon_in(folder: Path, db: Path, scan_seconds: float = 0.1) -> Daemon:
    """Make a daemon that looks into its spool so often; its database may lie elsewhere."""
    settings = folder / "home/.config/traced"
    settings.mkdir(mode=0o700, parents=True)
    folder.chmod(0o700)
    (settings / "config.toml").write_text(f"spool_scan_seconds = {scan_seconds}\n")
    daemon = Daemon(folder)
    daemon.db = db
    return daemon


def run_hook(daemon: Daemon, call_id: str) -> None:
    """Run the hook client as an agent does, with the real deadline; it prints nothing, exits 0."""
    payload = {
        "session_id": HOOKS_SESSION,
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "make test"},
        "tool_use_id": call_id,
    }
    run = subprocess.run(
        [PYTHON, "-c", HOOK, "--agent", "claude-code"],
        env=daemon.environment,
        input=json.dumps(payload).encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


def spooled(daemon: Daemon) -> list[str]:
    """What is in the spool, whole or half written."""
    return sorted(path.name for path in daemon.spool.iterdir())


def check_stall(daemon: Daemon, name: str, fault: AbstractContextManager[object]) -> None:
    """Hold the promise while `fault` lasts and after it; `name` tells its events from others."""
    streams = [Stream(daemon, f"{name}-{each}") for each in ("before", "during", "flood")]
    before, during, flood = streams
    before.send(20)
    before.receive()
    stalls, recoveries = logged(daemon, "writer_stalled"), logged(daemon, "writer_recovered")
    pouring = threading.Thread(target=flood.send, args=(FLOOD_EVENTS,), daemon=True)
    with fault:
        during.send(20)
        wait_until(lambda: daemon.status()["state"] == "retrying", "the daemon to say so")
        rss_bytes = _rss_bytes(daemon)
        pouring.start()
        wait_until(lambda: bool(flood.sent), "the flood to begin")
        run_hook(daemon, name)
        assert len(spooled(daemon)) == 1
        assert daemon.status()["state"] == "retrying"
        assert _rss_bytes(daemon) - rss_bytes < GROWTH_BYTES_MAX
        assert not any(stream.hears() for stream in streams), "acked what cannot be committed"
    for stream in streams:
        stream.receive()
    pouring.join()
    wait_until(lambda: not spooled(daemon), "the spool to be taken in")
    assert daemon.status()["state"] == "ok"
    assert logged(daemon, "writer_stalled") == stalls + 1
    assert logged(daemon, "writer_recovered") == recoveries + 1
    _check_stored(daemon, name, streams)


def _check_stored(daemon: Daemon, name: str, streams: list[Stream]) -> None:
    told: list[Row] = []
    sent: set[str] = set()
    for stream in streams:
        stream.close()
        told += stream.told.values()
        sent |= set(stream.sent)
    steps = [step for step in daemon.steps() if step["session_id"] != HOOKS_SESSION]
    assert len(daemon.steps(session_id=HOOKS_SESSION, call_id=name)) == 1
    assert {step["event_id"] for step in steps if step["event_id"].startswith(f"{name}-")} == sent
    assert len(told) == len(sent)
    check_steps(steps, told)
    check_file(daemon.db)


def _rss_bytes(daemon: Daemon) -> int:
    assert daemon.process is not None
    return usage(daemon.process.pid).rss_bytes
