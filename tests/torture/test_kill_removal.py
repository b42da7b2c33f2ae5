"""A daemon that is killed while it deletes leaves nothing half removed."""

import json
import os
import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from support.daemon import Daemon, wait_until
from support.store import append, connect, whole, writer

from traced.store.recorder import Recorder
from traced.store.retention import DAY_MS

SESSIONS = 40
STEPS = 200 if "TRACED_TORTURE_KILLS" in os.environ else 100
KILLS = 10 if "TRACED_TORTURE_KILLS" in os.environ else 1


def recorded(daemon: Daemon) -> None:
    """Record old sessions side by side, and one of today."""
    daemon.spool.mkdir(mode=0o700)
    now = time.time_ns() // 1_000_000
    with closing(writer(daemon.db)) as connection:
        recorder = Recorder(connection)
        append(recorder, whole(session="today"), now=now)
        steps = (
            whole(session=f"old-{one}", event_id=f"{number}", output_summary="x" * 300)
            for number in range(STEPS)
            for one in range(SESSIONS)
        )
        append(recorder, *steps, now=now - 100 * DAY_MS)
    daemon.db.chmod(0o600)


def begun(daemon: Daemon) -> subprocess.Popen[bytes]:
    """Let somebody ask for a prune, and wait until the daemon deletes."""
    asked = subprocess.Popen(
        [sys.executable, "-m", "traced", "prune"],
        env=daemon.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(daemon.rows("sessions")) == 1, "the old sessions to be hidden")
    return asked


def test_what_a_kill_left_is_deleted_after_the_next_start(tmp_path: Path) -> None:
    """The file is sound at each moment, what was hidden stays hidden, and all goes in the end."""
    daemon = Daemon(tmp_path / "d")
    recorded(daemon)
    chance = random.Random(5)
    for _ in range(KILLS):
        with daemon:
            asked = begun(daemon)
            time.sleep(chance.uniform(0, 0.1))
            daemon.kill()
        asked.wait(timeout=60)
        with closing(connect(daemon.db)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert [row["session_id"] for row in daemon.rows("sessions")] == ["today"]

    with daemon:
        daemon.send(
            json.dumps(
                {
                    "v": 1,
                    "session_id": "old-1",
                    "agent": "custom",
                    "trace_type": "tool",
                    "name": "new",
                }
            ).encode()
        )
        assert daemon.traced("prune").returncode == 0

    left = {row["session_id"]: row["steps"] for row in daemon.rows("sessions")}
    assert left == {"today": 1, "old-1": 1}
    for table, count in (("step", 2), ("session", 2), ("seen_event", 0), ("removal", SESSIONS)):
        assert len(daemon.rows(table)) == count
