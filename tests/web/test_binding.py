import os
import socket

import pytest

from traced.core.errors import TracedError
from traced.web.binding import UNREAD_MS_MAX, Bound, bind, url_of


def close(bound: Bound) -> None:
    """Close the sockets."""
    for sock in bound.sockets:
        sock.close()


def test_any_free_port() -> None:
    """Port 0 is one that the system chooses, and every address of the host has the same."""
    bound = bind("localhost", 0)

    assert {sock.getsockname()[1] for sock in bound.sockets} == {bound.port}
    assert bound.port > 0
    close(bound)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost"])
def test_loopback(host: str) -> None:
    """An address of this machine to itself needs no token."""
    bound = bind(host, 0)

    assert bound.is_loopback
    close(bound)


def test_beyond_loopback() -> None:
    """Every address of the machine is more than loopback."""
    bound = bind("0.0.0.0", 0)

    assert not bound.is_loopback
    close(bound)


def test_a_port_in_use() -> None:
    """A port that is taken is told with what to do, and nothing is left open."""
    bound = bind("127.0.0.1", 0)
    expected = rf"cannot listen on 127\.0\.0\.1:{bound.port} .*another `traced web`.*--port"

    with pytest.raises(TracedError, match=expected):
        bind("127.0.0.1", bound.port)
    close(bound)


def test_a_port_is_free_again_at_once() -> None:
    """After a stop the port can be listened on without waiting for old connections."""
    bound = bind("127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", bound.port)) as client:
        accepted, _ = bound.sockets[0].accept()
        accepted.close()
        close(bound)
        assert client.recv(1) == b""

    close(bind("127.0.0.1", bound.port))


@pytest.mark.parametrize("host", ["", "no.such.host.invalid", "x" * 300, "a..b"])
def test_no_such_host(host: str) -> None:
    """A name that nobody knows, or that cannot be one, is told as what it is."""
    with pytest.raises(TracedError, match=r"--host is .*, expected an address or a name"):
        bind(host, 0)


def test_an_address_of_another_machine() -> None:
    """An address that this machine does not have (TEST-NET-1) cannot be listened on."""
    with pytest.raises(TracedError, match="no such address: name another --host"):
        bind("192.0.2.1", 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen on any port")
def test_a_port_of_root() -> None:
    """A port below 1024 is told as root's."""
    with pytest.raises(TracedError, match="ports below 1024 are for root"):
        bind("127.0.0.1", 1)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux cuts off who is deaf")
def test_deaf_clients_are_cut_off_by_the_kernel() -> None:
    """Each accepted connection has the bound on how long what was sent may lie unread."""
    bound = bind("127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", bound.port)):
        accepted, _ = bound.sockets[0].accept()
        with accepted:
            told = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    close(bound)

    assert told == UNREAD_MS_MAX


def test_addresses_of_pages() -> None:
    """An IPv6 address stands in brackets."""
    assert url_of("127.0.0.1", 8377) == "http://127.0.0.1:8377/"
    assert url_of("::1", 8377) == "http://[::1]:8377/"
