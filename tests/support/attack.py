"""
What is done to a real daemon, and what must hold whatever is done.

`attacked` is the frame of every hostile test: well-behaved clients stream beside the attack, and
afterwards they were all served, the daemon is alive, its memory was bounded and its descriptors
are back.
"""

import os
import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support.bystanders import Bystanders, event_id, session
from support.daemon import Daemon, wait_until
from support.proc import has_open, usage

LONG = os.environ.get("TRACED_HOSTILE") == "long"
# A line for each attack goes here: what was measured.
FIGURES = os.environ.get("TRACED_HOSTILE_FIGURES")
MIB = 1 << 20
ACK_SECONDS_MAX = 5.0
# Of the interpreter and SQLite: caches, arenas that are not given back, one read and its items.
SLACK_BYTES = 48 * MIB
# Logs, their indexes and temporary files, which SQLite opens when it first needs them.
SLACK_DESCRIPTORS = 4


@contextmanager
def attacked(
    daemon: Daemon,
    name: str,
    *,
    memory_bytes_max: int = SLACK_BYTES,
    ack_seconds_max: float = ACK_SECONDS_MAX,
) -> Iterator[int]:
    """
    Attack in the block, and then hold the daemon to its promises; yields its pid.

    `memory_bytes_max` is how much more than at the start it may ever need.
    """
    assert daemon.process is not None
    pid = daemon.process.pid
    daemon.send(b'{"session_id":"before","trace_type":"tool","name":"warm"}')
    wait_until(lambda: daemon.status()["connections"] == 1, "former clients to be forgotten")
    wait_until(lambda: has_open(pid, "traced-index.db"), "the companion of the database")
    (Path("/proc") / str(pid) / "clear_refs").write_text("5")  # proc(5): resets the peak
    before = usage(pid)
    began = time.monotonic()
    with Bystanders(daemon.socket) as bystanders:
        yield pid
    seconds = time.monotonic() - began
    wait_until(lambda: daemon.status()["connections"] == 1, "all to be forgotten")
    descriptors_max = before.descriptors + SLACK_DESCRIPTORS
    wait_until(lambda: usage(pid).descriptors <= descriptors_max, "descriptors to be closed")
    grown = peak_bytes(pid) - before.rss_bytes
    told = bystanders.seconds
    if FIGURES:
        cpu_seconds = usage(pid).cpu_seconds - before.cpu_seconds
        p50, p99, worst = (1e3 * told[len(told) * part // 1000] for part in (500, 990, 999))
        with Path(FIGURES).open("a") as figures:
            figures.write(
                f"{name}: {seconds:.1f} s, cpu {cpu_seconds:.1f} s, memory"
                f" +{grown / MIB:.1f} of {memory_bytes_max / MIB:.0f} MiB;"
                f" {len(told)} acks, p50 {p50:.1f}, p99 {p99:.1f}, p99.9 {worst:.1f} ms\n"
            )
    assert_served(daemon, bystanders)
    assert told[-1] < ack_seconds_max
    assert grown < memory_bytes_max
    assert daemon.process.poll() is None


def assert_served(daemon: Daemon, bystanders: Bystanders) -> None:
    """Every event of the well-behaved is stored, once, in its order, and was told so."""
    for client, told in enumerate(bystanders.told):
        rows = daemon.steps(session_id=session(bystanders.pid, client))
        assert [row["event_id"] for row in rows] == [
            event_id(client, number) for number in range(1, len(told) + 1)
        ]
        assert {each.status for each in told} == {"stored"}
        assert [each.step_order for each in told] == [row["step_order"] for row in rows]
        assert [row["step_order"] for row in rows] == list(range(1, len(told) + 1))


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process has had since its peak was reset."""
    status = (Path("/proc") / str(pid) / "status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


@contextmanager
def crowd(daemon: Daemon, count: int) -> Iterator[list[socket.socket]]:
    """Connect so many clients, wait until they are accepted, close them at the end."""
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(daemon)) for _ in range(count)]
        with connected(daemon) as last:
            ping(last)
        yield clients


def settings(**values: float) -> list[str]:
    """Return the command to put around a daemon that has these settings (`Daemon(around=...)`)."""
    return ["env", *(f"TRACED_{name.upper()}={value}" for name, value in values.items())]


def ping(client: socket.socket) -> None:
    """Wait until the daemon answers this client."""
    client.sendall(b'{"v":1,"control":"ping"}\n')
    assert b'"ok"' in client.recv(1000)


def raise_descriptors(count: int) -> None:
    """Let this process open so many files; skip the test where it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"at most {hard} files may be opened here, expected {count}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def connected(daemon: Daemon) -> socket.socket:
    """Return a socket that is connected to the daemon."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(str(daemon.socket))  # with a time limit it would not wait for the backlog
        sock.settimeout(30)
    except OSError:
        sock.close()
        raise
    return sock
