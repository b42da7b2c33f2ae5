import os
import socket

from traced.ingest.peer import peer_uid


def test_tells_the_uid_of_who_connected() -> None:
    """Both ends of a pair are this process."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.geteuid()
