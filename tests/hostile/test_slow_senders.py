"""Clients that do not finish their lines, or take their time; TRACED_HOSTILE=long does more."""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from support.attack import (
    LONG,
    MIB,
    SLACK_BYTES,
    attacked,
    connected,
    crowd,
    raise_descriptors,
    settings,
)
from support.daemon import Daemon, wait_until
from support.proc import needs_proc

pytestmark = [needs_proc, pytest.mark.timeout(600 if LONG else 120)]

DRIPPING = 500 if LONG else 60
STUCK = 2_000 if LONG else 100
STUCK_BYTES = 20_000
PARTIAL_BYTES_MAX = (32 if LONG else 1) * MIB
LINE_BYTES_MAX = (8 if LONG else 1) * MIB
PARTIAL_SECONDS_MAX = 5 if LONG else 0.5
SEED = 20261122


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Return a daemon that holds few unfinished lines, and has little patience with them."""
    raise_descriptors(STUCK + 1000)
    around = settings(
        line_bytes_max=LINE_BYTES_MAX,
        partial_bytes_max=PARTIAL_BYTES_MAX,
        partial_seconds_max=PARTIAL_SECONDS_MAX,
    )
    with Daemon(tmp_path_factory.mktemp("h") / "d", around=around) as daemon:
        yield daemon


def half_a_line(session: str, size: int) -> bytes:
    """Return so many bytes of a line that does not end."""
    start = b'{"v":1,"session_id":"%b","trace_type":"tool","input":"' % session.encode()
    return start + b"x" * (size - len(start))


def long_line(session: str, size: int) -> bytes:
    """Return a line of about so many bytes that asks for an ack."""
    start = b'{"v":1,"ack":true,"session_id":"%b","trace_type":"tool","name":"long","input":"'
    return start % session.encode() + b"x" * size + b'"}\n'


def stop_in_the_middle(clients: list[socket.socket], session: str) -> None:
    """Let each of them hold half a line, above what all together may."""
    for client in clients:
        client.sendall(half_a_line(session, STUCK_BYTES))


def test_lines_that_come_byte_by_byte_are_lines(daemon: Daemon) -> None:
    """Cut anywhere, between the bytes of a character too, each line comes out whole."""
    chance = random.Random(SEED)
    lines = [
        f'{{"v":1,"ack":true,"session_id":"drip","trace_type":"tool","name":"é{n}"}}\n'.encode()
        for n in range(DRIPPING)
    ]
    with attacked(daemon, f"{DRIPPING} clients, a byte at a time"), ExitStack() as stack:
        clients = [stack.enter_context(connected(daemon)) for _ in lines]
        places = [0] * DRIPPING
        unfinished = list(range(DRIPPING))
        while unfinished:
            number = chance.choice(unfinished)
            clients[number].send(lines[number][places[number] :][:1])
            places[number] += 1
            if places[number] == len(lines[number]):
                unfinished.remove(number)
        assert all(b'"stored"' in client.recv(1000) for client in clients)

    assert {row["name"] for row in daemon.steps(session_id="drip")} == {
        f"é{n}" for n in range(DRIPPING)
    }


def test_half_a_line_is_held_for_as_long_as_it_is_in_nobodys_way(daemon: Daemon) -> None:
    """Below the bound no patience runs out: hours later the other half makes it whole."""
    line = long_line("stopped", 500)
    with attacked(daemon, "stopped in the middle"), crowd(daemon, 20) as clients:
        for client in clients:
            client.sendall(line[:250])
        received = daemon.status()["received"]
        wait_until(lambda: daemon.status()["received"] > received + 100, "others to go on")
        for client in clients:
            client.sendall(line[250:])
            assert b'"stored"' in client.recv(1000)

    assert daemon.status()["rejected"] == {}


def test_who_writes_whole_lines_does_not_notice_a_crowd(daemon: Daemon) -> None:
    """
    Unfinished lines above the bound keep only long lines waiting, and not for long.

    They are rejected together when their time is up, and a row tells of each.
    """
    limit = SLACK_BYTES + 2 * PARTIAL_BYTES_MAX
    name = f"{STUCK} unfinished lines of {STUCK_BYTES} bytes"
    with attacked(daemon, name, memory_bytes_max=limit), crowd(daemon, STUCK) as stuck:
        stop_in_the_middle(stuck, "stuck")
        with connected(daemon) as client:
            client.sendall(long_line("honest", LINE_BYTES_MAX // 2))
            assert b'"stored"' in client.recv(1000)
        wait_until(lambda: daemon.status()["rejected"] != {}, "them to be rejected")
        assert daemon.status()["rejected"].keys() == {"incomplete"}
        for client in stuck:
            client.sendall(b'"') if is_open(client) else None
            client.close()
        wait_until(lambda: sum(daemon.status()["rejected"].values()) == STUCK, "rows of all")

    assert len(daemon.rows("rejected_events", session_id="stuck")) == STUCK


def is_open(client: socket.socket) -> bool:
    """Tell whether the daemon has not closed this connection."""
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:  # closed with bytes of ours that were not read
        return False


def test_who_drips_into_a_crowd_is_slow(daemon: Daemon) -> None:
    """Sending a byte now and then does not make an unfinished line less late."""
    with attacked(daemon, f"{STUCK} dripping into a crowd"), crowd(daemon, STUCK) as stuck:
        stop_in_the_middle(stuck, "dripping")
        dripping = stuck[:]
        while len(dripping) > STUCK * 3 // 4:
            dripping = [each for each in dripping if is_open(each)]
            for each in dripping:
                with suppress(OSError):  # closed since it was looked at, or full
                    each.send(b"x")
            time.sleep(0.01)
