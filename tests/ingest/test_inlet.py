import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from traced.ingest.inlet import READ_BYTES_MAX, Inlet


@pytest.fixture
def pair() -> Iterator[tuple[Inlet, socket.socket]]:
    """Yield the receiving side of a connection, and its client."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield Inlet(ours), theirs


def test_takes_what_waits(pair: tuple[Inlet, socket.socket]) -> None:
    """So many bytes at most, in their order; the rest stays in the kernel."""
    inlet, client = pair
    client.send(b"one two")

    assert inlet.take(3) == b"one"
    assert inlet.waiting_bytes == 4
    assert inlet.take(100) == b" two"


def test_what_is_looked_at_stays(pair: tuple[Inlet, socket.socket]) -> None:
    """Looking takes nothing."""
    inlet, client = pair
    client.send(b"one")

    assert inlet.look(100) == b"one"
    assert inlet.take(100) == b"one"


def test_nothing_yet_is_not_the_end(pair: tuple[Inlet, socket.socket]) -> None:
    """None as long as the client may send, no bytes once it is gone."""
    inlet, client = pair
    assert inlet.take(100) is None
    client.close()

    assert inlet.look(100) == b""
    assert inlet.take(100) == b""


def test_a_reset_is_an_end(pair: tuple[Inlet, socket.socket]) -> None:
    """A client that closed with unread answers is gone like any other."""
    inlet, client = pair
    inlet._sock.send(b"unread")
    client.close()

    assert inlet.take(100) == b""


def test_full_is_when_nothing_more_can_be_sent(pair: tuple[Inlet, socket.socket]) -> None:
    """Some lines are far from it; who is not read from any more has made it so."""
    inlet, client = pair
    client.send(b"x" * 20_000)
    assert not inlet.is_full

    with suppress(BlockingIOError):
        while True:
            client.send(b"x" * 1024)
    assert inlet.is_full


def test_no_more_is_taken_than_the_buffer_holds(pair: tuple[Inlet, socket.socket]) -> None:
    """Whoever asks for more gets the first of it."""
    inlet, client = pair
    sent = client.send(b"x" * 2 * READ_BYTES_MAX)
    assert sent > READ_BYTES_MAX

    assert len(inlet.take(sent) or b"") == READ_BYTES_MAX
