"""
Where the server listens: its sockets, bound before anything else is done.

Law: whether an address is this machine's own is decided once, here, by the addresses that were
bound and not by the name that was given.
"""

import errno
import ipaddress
import socket
from typing import Final, NamedTuple

from traced.core.errors import TracedError

BACKLOG: Final = 128
# After this time a client that takes nothing of what was sent is cut off by the kernel (Linux).
UNREAD_MS_MAX: Final = 30_000


class Bound(NamedTuple):
    """Sockets that listen, all on one port."""

    sockets: list[socket.socket]
    port: int
    is_loopback: bool


def bind(host: str, port: int) -> Bound:
    """
    Listen on every address of a host; port 0 lets the system choose one.

    Raises:
        TracedError: If there is no such host, or one of its addresses cannot be listened on.
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host):
            sockets.append(_listen(family, address, port))
            port = sockets[0].getsockname()[1]
    except TracedError:
        for each in sockets:
            each.close()
        raise
    is_loopback = all(ipaddress.ip_address(each.getsockname()[0]).is_loopback for each in sockets)
    return Bound(sockets, port, is_loopback)


def url_of(host: str, port: int) -> str:
    """Return the address of the first page."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _addresses(host: str) -> list[tuple[int, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise TracedError(
            f"--host is {host!r}, expected an address or a name of this machine: {error}"
        ) from error
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _listen(family: int, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS_MAX)
        sock.bind((address, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _not_bound(error, address, port) from error
    return sock


def _not_bound(error: OSError, address: str, port: int) -> TracedError:
    place = url_of(address, port).removeprefix("http://").rstrip("/")
    match error.errno:
        case errno.EADDRINUSE:
            remedy = (
                "another program, maybe another `traced web`, listens there: name another --port"
            )
        case errno.EACCES:
            remedy = "ports below 1024 are for root: name a higher --port"
        case errno.EADDRNOTAVAIL:
            remedy = "this machine has no such address: name another --host"
        case _:
            remedy = "name another --host or --port"
    return TracedError(f"cannot listen on {place} ({error.strerror}): {remedy}")
