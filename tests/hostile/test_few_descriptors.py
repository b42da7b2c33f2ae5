"""A daemon that may open hardly any more files."""

import resource
import sqlite3
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.attack import attacked, connected
from support.daemon import Daemon, wait_until
from support.proc import needs_proc, usage

pytestmark = [
    needs_proc,
    pytest.mark.skipif(sys.platform != "linux", reason="prlimit is a command of Linux"),
]

FEW = ["prlimit", "--nofile=90:90"]
WATCHED_SECONDS = 0.5
CPU_SHARE_MAX = 0.5


def event(name: str) -> bytes:
    """Return an event that asks for an ack."""
    start = '{"v":1,"ack":true,"session_id":"few","trace_type":"tool"'
    return f'{start},"name":"{name}"}}\n'.encode()


def leave_descriptors(pid: int, count: int) -> None:
    """Let a process open so many files more."""
    limit = usage(pid).descriptors + count
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))


def test_idle_connections_make_room(tmp_path: Path) -> None:
    """Where a limit of the system is met before ours, the longest idle are closed as well."""
    with Daemon(tmp_path / "d") as daemon, attacked(daemon, "20 descriptors, 200 clients") as pid:
        leave_descriptors(pid, 20)
        clients = [connected(daemon) for _ in range(200)]
        for client in clients[-10:]:
            client.sendall(event("x"))
            assert b'"stored"' in client.recv(1000)
        for client in clients:
            client.close()


def test_nobody_spins_while_all_wait(tmp_path: Path) -> None:
    """
    Where no connection is idle the next ones wait in the kernel, at no cost, and are served then.

    All wait as another program holds the database.
    """
    with Daemon(tmp_path / "d", around=FEW) as daemon, ExitStack() as stack:
        assert daemon.process is not None
        pid = daemon.process.pid
        lock = sqlite3.connect(daemon.db, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        clients = []
        for number in range(60):  # who has connected and sent nothing yet is idle
            clients.append(stack.enter_context(connected(daemon)))
            clients[-1].sendall(event(f"n{number}"))
        wait_until(lambda: "connections_full" in daemon.log.read_text(), "the limit to be met")
        before = usage(pid).cpu_seconds
        time.sleep(WATCHED_SECONDS)  # what is measured: what it does in that time
        assert usage(pid).cpu_seconds - before < CPU_SHARE_MAX * WATCHED_SECONDS

        lock.execute("ROLLBACK")
        lock.close()
        for client in clients:
            assert b'"stored"' in client.recv(1000)
        assert len(daemon.steps(session_id="few")) == 60


def test_a_low_limit_lets_some_in(tmp_path: Path) -> None:
    """Below 100 files there are fewer connections, and whoever comes last is served."""
    with Daemon(tmp_path / "d", around=FEW) as daemon, attacked(daemon, "90 files at most"):
        clients = [connected(daemon) for _ in range(100)]
        clients[-1].sendall(event("last"))
        assert b'"stored"' in clients[-1].recv(1000)
        for client in clients:
            client.close()
