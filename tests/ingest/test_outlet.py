import socket
from collections.abc import Iterator

import pytest
from support.house import turns, until

from traced.ingest.outlet import Outlet


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return two ends of a connection; nothing waits."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        yield ours, theirs


async def test_what_can_be_sent_is_sent_at_once(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """Nothing is kept, and nobody is told later."""
    told: list[str] = []
    outlet = Outlet(pair[0], lambda: told.append("sent"))
    outlet.send(b"one\n")
    outlet.send(b"two\n")
    await turns()

    assert pair[1].recv(100) == b"one\ntwo\n"
    assert (outlet.kept_bytes, told) == (0, [])


async def test_what_cannot_be_sent_is_sent_when_there_is_room(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """In order, with what was added meanwhile; and whoever waits for that is told."""
    data = b"".join(b"%09d\n" % number for number in range(200_000))
    told: list[int] = []
    outlet = Outlet(pair[0], lambda: told.append(outlet.kept_bytes))
    outlet.send(data[:1_500_000])
    outlet.send(data[1_500_000:])
    assert outlet.kept_bytes > 0
    received = b""

    def read() -> bool:
        nonlocal received
        try:
            received += pair[1].recv(1 << 20)
        except BlockingIOError:
            return False
        return len(received) == len(data)

    await until(read, "all to be received")
    await turns(3)

    assert received == data
    assert told[-1] == 0
    outlet.close()


async def test_nothing_is_kept_for_who_is_gone(pair: tuple[socket.socket, socket.socket]) -> None:
    """A broken connection is no error: its reader will see the end."""
    pair[1].close()
    outlet = Outlet(pair[0], lambda: None)
    outlet.send(b"one\n")

    assert outlet.kept_bytes == 0
    outlet.close()


async def test_nothing_is_kept_for_who_goes_while_it_waits(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    """What was kept is forgotten when the other side closes."""
    outlet = Outlet(pair[0], lambda: None)
    outlet.send(bytes(10_000_000))
    pair[1].close()

    await until(lambda: outlet.kept_bytes == 0, "it to be forgotten")
    outlet.close()


async def test_a_closed_one_sends_no_more(pair: tuple[socket.socket, socket.socket]) -> None:
    """The event loop lets go of the socket."""
    outlet = Outlet(pair[0], lambda: None)
    outlet.send(bytes(10_000_000))
    outlet.close()
    pair[1].recv(1 << 20)
    await turns()

    assert outlet.kept_bytes == 0
