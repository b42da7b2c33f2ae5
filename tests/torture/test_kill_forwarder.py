"""A forwarder that is killed again and again, before a backend that does all that backends do."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from support.daemon import Daemon
from support.otlp import Backend, Reply, Sent, backend

KILLS = 30 if "TRACED_TORTURE_KILLS" in os.environ else 2
STEPS_A_LIFE = 60
SECRET = "what was asked of a tool"
# It takes about half a second to start, and then sends what there is.
MOMENTS = (0.3, 1.2)
PLAIN = (("Content-Type", "text/plain"),)
ANSWERS = (
    Reply(500, b"oh"),
    Reply(502, b"<html>", (("Content-Type", "text/html"),)),
    Reply(503, b"", (*PLAIN, ("Retry-After", "0"))),
    Reply(429, b"", (*PLAIN, ("Retry-After", "Fri, 15 Jan 2021 08:01:00 GMT"))),
    Reply(401, b"no"),
    Reply(302, b"", (*PLAIN, ("Location", "http://127.0.0.1:1/"))),
    Reply(503, b"x" * 1_000_000),
    Reply(200, b"\xff\xff\xff"),  # taken, whatever it meant to say
)


def lines(life: int) -> list[bytes]:
    """Steps of one life of the forwarder, each with an id and a name of its own."""
    return [
        json.dumps(
            {
                "v": 1, "agent": "custom", "session_id": f"s{number % 4}", "trace_type": "tool",
                "name": f"n{life}-{number}", "event_id": f"e{life}-{number}",
                "input_summary": SECRET,
            }
        ).encode()
        for number in range(STEPS_A_LIFE)
    ]  # fmt: skip


def started(daemon: Daemon, url: str, log: Path) -> subprocess.Popen[bytes]:
    """Start a forwarder that sends what there is, without waiting for more to be told of it."""
    environ = daemon.environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
    with log.open("ab") as stderr:
        return subprocess.Popen(
            [sys.executable, "-m", "traced", "forward", "--once"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )


def steps_of(found: Backend) -> list[Sent]:
    """The spans of steps that the backend took, repeats among them."""
    return [span for span in found.spans if span.name.startswith("execute_tool ")]


def test_a_killed_forwarder_loses_nothing_and_makes_nothing_twice(tmp_path: Path) -> None:
    """Each step is one span, the same each time it comes; what nobody asked for is not in it."""
    chance = random.Random(11)
    log = tmp_path / "log"
    with Daemon(tmp_path / "d") as daemon, backend() as found:
        for life in range(KILLS):
            found.replies.extend(chance.choices(ANSWERS, k=2))
            found.delay_seconds = chance.choice((0, 0, 0.05))
            daemon.send(*lines(life))
            forwarder = started(daemon, found.url, log)
            time.sleep(chance.uniform(*MOMENTS))
            forwarder.kill()
            forwarder.wait(timeout=60)
        found.replies.clear()
        found.delay_seconds = 0
        assert started(daemon, found.url, log).wait(timeout=60) == 0
        recorded = {f"execute_tool {row['name']}" for row in daemon.steps()}

    spans: dict[str, set[str]] = {}
    for span in steps_of(found):
        spans.setdefault(span.span_id, set()).add(repr(span))
    assert {len(told) for told in spans.values()} == {1}
    assert {span.name for span in steps_of(found)} == recorded
    assert len(spans) == len(recorded) == KILLS * STEPS_A_LIFE
    assert SECRET not in repr(found.spans)
    assert "Traceback" not in log.read_text()
