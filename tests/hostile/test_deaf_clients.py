"""Clients that ask for answers and do not read them; TRACED_HOSTILE=long does more."""

import json
import socket
import threading
import time
from contextlib import suppress

import pytest
from support.attack import LONG, MIB, SLACK_BYTES, attacked, connected, crowd
from support.daemon import Daemon, wait_until
from support.proc import needs_proc

pytestmark = [needs_proc, pytest.mark.timeout(600 if LONG else 120)]

DEAF = 50 if LONG else 10
LINES_EACH = 600
# Ids as long as they may be: 400 answers fill what the kernel keeps of one connection.
SESSION = "deaf" * 64


def event(client: int, number: int, session: str = SESSION) -> bytes:
    """Return an event whose answer is 500 bytes long."""
    own = {"session_id": session, "event_id": f"c{client}-n{number}-".ljust(128, "x")}
    fixed = {"v": 1, "ack": True, "trace_type": "tool", "name": "x"}
    return json.dumps(fixed | own).encode() + b"\n"


def send_until_blocked(client: socket.socket, data: bytes) -> bytes:
    """Send until the daemon reads no more; return what was not sent."""
    client.settimeout(1)
    try:
        while data:
            data = data[client.send(data[: 64 * 1024]) :]
    except TimeoutError:
        pass
    client.settimeout(60)
    return data


def answered(client: socket.socket, count: int) -> list[str]:
    """Read so many answers, or fewer if it is closed; return their event ids without filling."""
    lines: list[dict[str, str]] = []
    with client.makefile("rb") as answers, suppress(ConnectionError):
        while len(lines) < count and (line := answers.readline()).endswith(b"\n"):
            lines.append(json.loads(line))
    assert {line["status"] for line in lines} <= {"stored"}
    return [line["event_id"].rstrip("x") for line in lines]


def test_who_does_not_read_is_not_read_from_and_then_gets_all(daemon: Daemon) -> None:
    """It is stopped at a bound; when it reads again it gets every answer in order, and goes on."""
    count = 40_000 if LONG else 20_000  # more than it may be owed, and what the kernel holds
    everything = b"".join(event(0, number) for number in range(count))
    limit = SLACK_BYTES + 32 * MIB
    with (
        attacked(daemon, "one reads no answers", memory_bytes_max=limit),
        connected(daemon) as deaf,
    ):
        rest = send_until_blocked(deaf, everything)
        assert rest, "it is not read from any more"
        wait_until(lambda: daemon.status()["queued"] < 100, "what was read to be stored")
        assert len(daemon.steps(session_id=SESSION)) < count - rest.count(b"\n")

        sending = threading.Thread(target=deaf.sendall, args=[rest])
        sending.start()
        assert answered(deaf, count) == [f"c0-n{number}-" for number in range(count)]
        sending.join()


def test_many_that_do_not_read(daemon: Daemon) -> None:
    """None is closed while all that they are owed fits the bound, and each gets it in order."""
    name = f"{DEAF} read no answers"
    for index, heard in enumerate(told_late(daemon, name, DEAF)):
        assert heard == [f"c{index}-n{number}-" for number in range(LINES_EACH)]


@pytest.mark.skipif(not LONG, reason="a minute of TRACED_HOSTILE=long")
def test_a_thousand_that_do_not_read(daemon: Daemon) -> None:
    """
    Above the bound who has read nothing for longest is closed, and the log says so.

    What each is told until then is in order, and what was not told is stored or was not read.
    """
    name = "1000 read no answers"
    for index, heard in enumerate(told_late(daemon, name, 1_000)):
        assert heard == [f"c{index}-n{number}-" for number in range(len(heard))]
    assert "answers_not_read" in daemon.log.read_text()


def told_late(daemon: Daemon, name: str, count: int) -> list[list[str]]:
    """Let so many clients send, and read only when all is settled; return what each was told."""
    session = f"{name:-<256}"
    limit = SLACK_BYTES + 64 * MIB
    with (
        attacked(daemon, name, memory_bytes_max=limit, ack_seconds_max=30 if LONG else 5),
        crowd(daemon, count) as clients,
    ):
        threads = []
        for index, client in enumerate(clients):
            lines = b"".join(event(index, number, session) for number in range(LINES_EACH))
            client.settimeout(60)
            threads.append(threading.Thread(target=send_all, args=[client, lines]))
            threads[-1].start()
        while daemon.status()["queued"] >= 100:  # the timeout of the test ends a hang
            time.sleep(0.1)
        heard = [answered(client, LINES_EACH) for client in clients]
        for thread in threads:
            thread.join()
    return heard


def send_all(client: socket.socket, data: bytes) -> None:
    """Send, as far as the daemon does not close the connection."""
    with suppress(ConnectionError):
        client.sendall(data)
