import socket
from pathlib import Path

import anyio
import pytest
from support.house import acked, control, house, native, turns, until
from support.store_room import protocol

from traced.core.event import Rejected
from traced.core.wire import NativeEvent
from traced.ingest.visit import VISIT_BYTES_MAX, Words, first_words, visit

HALF = native(2)[:-1]


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection, the daemon's first."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.setblocking(False)
    return ours, theirs


@pytest.mark.parametrize("end", ["close", "shutdown"])
@pytest.mark.parametrize("data", [b"", native(1), native(1) + HALF])
def test_a_client_that_has_left_has_said_all(data: bytes, end: str) -> None:
    """Whether it closed, or shut down its writing side."""
    ours, theirs = pair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        if end == "close":
            theirs.close()

        assert first_words(ours) == Words(data, over=True)


@pytest.mark.parametrize("data", [b"", native(1)])
def test_a_client_that_is_there_may_say_more(data: bytes) -> None:
    """Whatever it has said so far."""
    ours, theirs = pair()
    with ours, theirs:
        theirs.sendall(data)

        assert first_words(ours) == Words(data, over=False)


def test_who_said_much_may_have_said_more() -> None:
    """What was read is kept, and the rest still waits."""
    ours, theirs = pair()
    with ours, theirs:
        theirs.sendall(b"x" * VISIT_BYTES_MAX + b"y")
        theirs.close()

        assert first_words(ours) == Words(b"x" * VISIT_BYTES_MAX, over=False)
        assert ours.recv(10) == b"y"


def test_a_visit_is_what_was_sent_in_its_order() -> None:
    """A last line without a newline counts; a bad line costs itself."""
    submission = visit(protocol(), native(1) + b"rubbish\n" + HALF, 1000, 10)

    assert submission is not None
    assert [type(record) for record in submission.records] == [NativeEvent, Rejected, NativeEvent]
    assert (submission.peer_uid, submission.awaited) == (1000, False)
    assert submission.size == len(native(1) + b"rubbish\n" + HALF) + 3 * 1024


@pytest.mark.parametrize(
    "data",
    [
        acked(1),
        native(1) + acked(2),
        native(1) + acked(2)[:-1],
        control("ping"),
        native(1) + control("flush"),
        b'{"v":1,"ack":true,',
    ],
)
def test_who_asked_for_an_answer_is_no_visitor(data: bytes) -> None:
    """It may have shut down its writing side only, and be waiting."""
    assert visit(protocol(), data, 1000, 10) is None


def test_what_does_not_fit_into_a_batch_is_no_visit() -> None:
    """A connection cuts it."""
    assert visit(protocol(), native(1) * 3, 1000, 2) is None


def test_a_visit_leaves_nothing_to_the_next() -> None:
    """One protocol serves all of them."""
    by = protocol()
    for _ in range(2):
        assert visit(by, b'{"v":1,"ack":true,', 0, 10) is None
        submission = visit(by, HALF, 0, 10)
        assert submission is not None
        assert [type(record) for record in submission.records] == [NativeEvent]


async def test_visitors_are_taken_in_without_a_connection(short_folder: Path) -> None:
    """All of them, each with all its lines; those that ask are connected and answered."""
    async with house(short_folder) as one:
        for number in range(0, 20, 2):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(one.path))
                client.sendall(native(number) + native(number + 1)[:-1])
        asking = await one.client(acked(20))
        await one.take(21)
        assert len(one.listener) == 1
        one.settle()

        assert (await asking.answer())["event_id"] == "e20"


async def test_who_asked_and_shut_down_its_side_is_answered(short_folder: Path) -> None:
    """And closed then."""
    async with house(short_folder) as one:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(one.path))
            client.sendall(native(1) + acked(2)[:-1])
            client.shutdown(socket.SHUT_WR)
            await one.take(2)
            one.settle()
            await until(lambda: not len(one.listener), "the connection to be closed")

            assert client.recv(1000).startswith(b'{"event_id":"e2","status":"stored"')
            assert client.recv(1000) == b""


async def test_visitors_wait_while_the_intake_is_full(short_folder: Path) -> None:
    """In the kernel, like everybody else, and are taken in when there is room."""
    async with house(short_folder, intake_bytes_max=600) as one, anyio.create_task_group() as tasks:
        for number in range(5):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(one.path))
                client.sendall(native(number))
        await turns()
        assert 1 <= len(one.intake.held) < 5
        tasks.start_soon(one.settle_all)
        await until(lambda: len(one.names) == 5, "all of them")
        tasks.cancel_scope.cancel()

        assert sorted(one.names) == [f"n{number}" for number in range(5)]
