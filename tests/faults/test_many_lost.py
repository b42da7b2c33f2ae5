"""Thousands of sessions whose agent is gone, in a real daemon that others send to."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.daemon import Daemon, wait_until
from support.form import long_form

SESSIONS = 5000
EVENT = {"v": 1, "session_id": "other", "trace_type": "tool", "name": "n", "ack": True}


def started(pid: int) -> Iterator[bytes]:
    """Yield a step that began in each session of an agent's process."""
    for number in range(SESSIONS):
        event = {"session_id": f"s{number}", "trace_type": "tool", "name": "n", "v": 1}
        yield json.dumps(event | {"phase": "start", "call_id": "c", "agent_pid": pid}).encode()


@long_form
def test_acks_come_while_the_sessions_of_a_dead_agent_are_closed(tmp_path: Path) -> None:
    """Some of them at a time: others' events are committed in between."""
    with subprocess.Popen([sys.executable, "-c", ""]) as agent:
        pass
    with Daemon(tmp_path / "d") as daemon, daemon.connect() as client:
        client.send(*started(agent.pid))
        client.flush()
        left: list[int] = []

        def all_are_closed() -> bool:
            assert client.ask(EVENT)["status"] == "stored"
            left.append(len(daemon.rows("execution_traces", status="running")))
            return left[-1] == 0

        wait_until(all_are_closed, "the sessions to be closed")

    assert len({count for count in left if 0 < count < SESSIONS}) > 1
