import os
import socket

from traced.ingest.peer import peer_uid


def test_tells_the_uid_of_who_connected() -> None:
    """Both ends of a pair are this process."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.geteuid()


def test_tells_nothing_where_the_kernel_does_not() -> None:
    """A socket of another family has no such peer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert peer_uid(sock) in (None, -1, 2**32 - 1)
