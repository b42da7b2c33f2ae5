"""
Who is at the other end of a TCP connection on this machine; the one place that asks Linux.

Law: a uid is told only while its owner holds the socket. The kernel lists a socket that was closed
with unread data as root's, with inode 0: believing that would let anybody in as root.
"""

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
# Of include/net/tcp_states.h: established, and both states of an end that only sends no more. An
# end that is still connecting (SYN_SENT) is not the one whose request we hold.
OPEN_STATES: Final = frozenset({b"01", b"04", b"05"})
NO_INODE: Final = b"0"
# The kernel walks its table while it changes, and may skip a row.
LOOKS_MAX: Final = 3


class Address(NamedTuple):
    """One end of a TCP connection."""

    host: str
    port: int


def can_tell() -> bool:
    """Return whether this system tells who is at the other end."""
    return sys.platform == "linux" and TABLES[0].exists()


def tcp_peer_uid(client: Address, server: Address) -> int | None:
    """Return the uid that holds the client's end, or None if that is not known."""
    for _ in range(LOOKS_MAX):
        for table, ends in zip(TABLES, _ends(client, server), strict=True):
            for text in ends:
                if (uid := _uid_in(table, text)) is not None:
                    return uid
    return None


def _ends(client: Address, server: Address) -> Iterator[tuple[bytes, ...]]:
    """Yield how each of the tables writes the connection."""
    hosts = ipaddress.ip_address(client.host), ipaddress.ip_address(server.host)
    if all(host.version == 4 for host in hosts):  # noqa: PLR2004  # IPv4
        # A client may reach an IPv4 address from a socket of IPv6: it is in the other table then.
        mapped = (ipaddress.IPv6Address(f"::ffff:{host}") for host in hosts)
        yield (_text(client.port, server.port, *(host.packed for host in hosts)),)
        yield (_text(client.port, server.port, *(host.packed for host in mapped)),)
    else:
        yield ()
        yield (_text(client.port, server.port, *(host.packed for host in hosts)),)


def _text(client_port: int, server_port: int, client: bytes, server: bytes) -> bytes:
    local, remote = f"{_words(client)}:{client_port:04X}", f"{_words(server)}:{server_port:04X}"
    return f": {local} {remote} ".encode()


def _words(packed: bytes) -> str:
    """Return an address as the kernel prints it: words of 32 bits in the machine's byte order."""
    words = (packed[start : start + 4] for start in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


def _uid_in(table: Path, ends: bytes) -> int | None:
    try:
        rows = table.read_bytes().splitlines()
    except OSError:  # a machine without IPv6 has no tcp6
        return None
    for row in rows:
        if ends in row:
            # sl local remote st queues timer retransmits uid timeout inode …
            _, _, _, state, _, _, _, uid, _, inode, *_ = row.split()
            if state in OPEN_STATES and inode != NO_INODE:
                return int(uid)
    return None
