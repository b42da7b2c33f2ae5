import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.daemon import DEADLINE_SECONDS

from traced.web.peer import Address, can_tell, tcp_peer_uid

pytestmark = pytest.mark.skipif(not can_tell(), reason="this system does not tell: Linux does")
OTHER_UID = 4711
# Connects as another user, who need not be able to read Python's files; says so, and closes when it
# is told to.
CLIENT = """
import encodings.idna, os, socket, sys
os.setuid(int(sys.argv[3]))
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print("connected", flush=True)
sys.stdin.readline()
sock.close()
print("closed", flush=True)
sys.stdin.readline()
"""


@contextmanager
def connection(
    host: str, family: int = socket.AF_INET, to: str = ""
) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Connect within this process; yield the client's end and the server's."""
    with (
        socket.create_server((host, 0), family=family) as listener,
        socket.create_connection((to or host, listener.getsockname()[1])) as client,
        listener.accept()[0] as server,
    ):
        yield client, server


def uid_at(server: socket.socket) -> int | None:
    """Return who is at the other end, as the door asks."""
    client, own = server.getpeername(), server.getsockname()
    return tcp_peer_uid(Address(client[0], client[1]), Address(own[0], own[1]))


def test_our_own_connection() -> None:
    """Over IPv4 the uid is that of the process which connected."""
    with connection("127.0.0.1") as (_, server):
        assert uid_at(server) == os.geteuid()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_over_ipv6() -> None:
    """IPv6 has a table of its own."""
    with connection("::1", socket.AF_INET6) as (_, server):
        assert uid_at(server) == os.geteuid()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_over_an_ipv6_socket_to_an_ipv4_address() -> None:
    """The server sees IPv4, while the client's socket is in the table of IPv6."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as client,
    ):
        client.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
        with listener.accept()[0] as server:
            assert uid_at(server) == os.geteuid()


def test_a_client_that_sends_no_more() -> None:
    """Half a close does not end the conversation: its owner is still known."""
    with connection("127.0.0.1") as (client, server):
        client.shutdown(socket.SHUT_WR)

        assert server.recv(1) == b""
        assert uid_at(server) == os.geteuid()


def test_a_client_that_is_gone_is_nobody() -> None:
    """The kernel lists a closed end as root's: it is not taken for root."""
    with connection("127.0.0.1") as (client, server):
        client.close()

        assert server.recv(1) == b""
        assert uid_at(server) is None


def test_ends_are_not_confused() -> None:
    """The server's own end is not the client's, and another port nobody's."""
    with connection("127.0.0.1") as (client, _):
        port = client.getsockname()[1]

        assert tcp_peer_uid(Address("127.0.0.1", port), Address("127.0.0.1", 1)) is None
        assert tcp_peer_uid(Address("127.0.0.2", port), Address("127.0.0.1", port)) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_told_even_after_closing() -> None:
    """Another user's uid is told while it is connected, and none at all once it has closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE_SECONDS)
        address, port = listener.getsockname()
        with subprocess.Popen(
            [sys.executable, "-c", CLIENT, address, str(port), str(OTHER_UID)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            with listener.accept()[0] as server:
                assert process.stdout.readline() == b"connected\n"
                assert uid_at(server) == OTHER_UID
                process.stdin.write(b"\n")
                process.stdin.flush()
                assert process.stdout.readline() == b"closed\n"
                assert uid_at(server) is None
            process.stdin.close()
