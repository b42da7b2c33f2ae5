"""Clients that connect, and what they do beside sending lines; TRACED_HOSTILE=long does more."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from support.attack import LONG, attacked, connected, crowd, ping, raise_descriptors, settings
from support.daemon import Daemon, wait_until
from support.proc import needs_proc, usage

pytestmark = [needs_proc, pytest.mark.timeout(600 if LONG else 120)]

IDLE = 10_000 if LONG else 300
COMERS = 20_000 if LONG else 600


def event(session: str, name: str, more: str = "") -> bytes:
    """Return a native event as a line."""
    return (
        f'{{"v":1,{more}"session_id":"{session}","trace_type":"tool","name":"{name}"}}\n'
    ).encode()


def names(daemon: Daemon, session: str) -> list[str]:
    """Return the names of a session's steps, in their order."""
    return [row["name"] for row in daemon.steps(session_id=session)]


def test_above_the_bound_the_longest_idle_are_closed(tmp_path: Path) -> None:
    """As many as allowed stay connected; who came last and who says something is served."""
    raise_descriptors(IDLE + 1000)
    with (
        Daemon(tmp_path / "d", around=settings(connections_max=IDLE)) as daemon,
        attacked(daemon, f"{IDLE} idle connections"),
        crowd(daemon, IDLE - 100) as first,
        crowd(daemon, 200) as last,
    ):
        first[-1].sendall(event("idle", "still here", '"ack":true,'))
        assert b'"stored"' in first[-1].recv(1000)
        ping(last[0])
        ping(last[-1])
        assert first[0].recv(1) == b""
        assert IDLE - 100 < daemon.status()["connections"] <= IDLE


def test_who_comes_and_goes_costs_nothing(daemon: Daemon) -> None:
    """
    Connections that are closed at once leave nothing behind but the lines that they brought.

    Two of them can change places: who had spoken when it was accepted is taken in at once, who
    had not is read a turn later.
    """
    with attacked(daemon, f"{COMERS} connections closed at once"):
        for number in range(COMERS):
            with connected(daemon) as client:
                if number % 2:
                    client.send(event("comers", f"n{number}"))
        wait_until(lambda: len(names(daemon, "comers")) == COMERS // 2, "all to be stored")

    assert sorted(names(daemon, "comers")) == sorted(f"n{each}" for each in range(1, COMERS, 2))


def test_descriptors_that_are_passed_do_not_arrive(daemon: Daemon) -> None:
    """Files that a client sends along with its lines are closed by the kernel."""
    with attacked(daemon, "descriptors passed") as pid, connected(daemon) as client:
        ping(client)
        before = usage(pid).descriptors
        for number in range(20):
            with Path(os.devnull).open("rb") as file:
                line = event("passed", f"n{number}", '"ack":true,')
                socket.send_fds(client, [line], [file.fileno()] * 50)
            assert b'"stored"' in client.recv(1000)
        assert usage(pid).descriptors <= before


def test_a_last_line_needs_no_newline(daemon: Daemon) -> None:
    """Who shuts down his writing side has ended his line, and gets its answer."""
    with attacked(daemon, "half closed"):
        for number in range(50):
            with connected(daemon) as client:
                client.sendall(event("half", f"n{number}", '"ack":true,')[:-1])
                client.shutdown(socket.SHUT_WR)
                assert b'"stored"' in client.recv(1000)
                assert client.recv(1) == b""

    assert names(daemon, "half") == [f"n{number}" for number in range(50)]


def test_a_client_that_breaks_off_loses_no_whole_line(daemon: Daemon) -> None:
    """Closed with answers unread, which resets the connection, all its lines are stored."""
    lines = [event("reset", f"n{number}", '"ack":true,') for number in range(200)]
    with attacked(daemon, "closed with answers unread"):
        for one, other in pairwise(range(0, 201, 20)):
            with connected(daemon) as client:
                client.sendall(b"".join(lines[one:other]))
                client.recv(1, socket.MSG_PEEK)
        wait_until(lambda: len(names(daemon, "reset")) == 200, "all to be stored")

    assert names(daemon, "reset") == [f"n{number}" for number in range(200)]


DIES = """
import os, signal, socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.sendall(sys.argv[2].encode())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_client_that_dies_loses_its_unfinished_line_only(daemon: Daemon) -> None:
    """What it wrote before is stored, and a row tells of the rest unless it waited for an ack."""
    whole = event("died", "whole").decode()
    half = event("died", "half").decode()[:-20]
    with attacked(daemon, "killed in the middle of a line"):
        for text in (whole + half, whole + half.replace('{"v":1,', '{"v":1,"ack":true,')):
            died = subprocess.run([sys.executable, "-c", DIES, str(daemon.socket), text])  # noqa: PLW1510
            assert died.returncode == -signal.SIGKILL
        wait_until(lambda: len(names(daemon, "died")) == 2, "both to be stored")
        wait_until(lambda: bool(daemon.rows("rejected_events")), "the half to be rejected")

    assert names(daemon, "died") == ["whole", "whole"]
    rejected = daemon.rows("rejected_events")
    assert [(row["reason"], row["session_id"], row["length"]) for row in rejected] == [
        ("not_json", "died", len(half))
    ]


def test_hundreds_that_are_at_it_at_once(daemon: Daemon) -> None:
    """Each of three hundred that write in turns gets its answers in its order."""
    with attacked(daemon, "300 in turns"), ExitStack() as stack:
        clients = [stack.enter_context(connected(daemon)) for _ in range(300)]
        for number in range(2):
            for index, client in enumerate(clients):
                client.sendall(event(f"turn{index % 10}", f"n{number}", '"ack":true,'))
        for client in clients:
            answers = client.makefile("rb")
            assert all(b'"stored"' in answers.readline() for _ in range(2))
            answers.close()
