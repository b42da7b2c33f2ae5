import socket
import struct
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.house import Client, House, acked, control, house, native, turns, until

from traced.core.protocol import Protocol
from traced.core.wire import Control
from traced.ingest import inlet
from traced.ingest.replies import Replies

TORN = b'{"v":1,"ack":true,"event_id":"t","payload":{"hook_event_name":"St'


async def settled(one: House, client: Client, events: int) -> bytes:
    """Settle so many events and return all that the client is answered until the end."""
    await client.finish()
    await one.take(events)
    one.settle()
    return await client.rest()


async def test_acks_come_in_the_order_of_lines_for_those_that_asked(short_folder: Path) -> None:
    """Two of four lines asked; each gets one ack, after the commit and not before."""
    async with house(short_folder) as one:
        client = await one.client(acked(1), native(2), acked(3), native(4))
        await one.take(4)
        await turns()
        with pytest.raises(BlockingIOError):
            client.raw.recv(1)
        one.settle()

        assert [(await client.answer())["event_id"] for _ in range(2)] == ["e1", "e3"]


@pytest.mark.parametrize(
    ("line", "awaited"), [(acked(1), True), (native(1), False)], ids=["asked", "not"]
)
async def test_the_writer_knows_of_lines_that_somebody_awaits(
    short_folder: Path, line: bytes, *, awaited: bool
) -> None:
    """It lets no ack wait for a larger batch."""
    async with house(short_folder) as one:
        await one.client(line)
        await until(lambda: bool(one.intake.held), "the line")

        assert [each.awaited for each in one.intake.held] == [awaited]


async def test_nothing_is_written_to_a_client_that_did_not_ask(short_folder: Path) -> None:
    """Good lines, bad ones and bare hook payloads: an agent would read any byte as hook output."""
    bare = b'{"hook_event_name":"Stop","session_id":"s"}\n'
    async with house(short_folder) as one:
        client = await one.client(native(1), b"garbage\n", bare, b'{"v":9,"name":"x"}\n')

        assert await settled(one, client, 4) == b""


async def test_flush_is_answered_when_all_before_it_is_settled(short_folder: Path) -> None:
    """It waits for the events of its own connection, and counts them."""
    async with house(short_folder) as one:
        client = await one.client(native(1), native(2), control("flush"))
        await one.take(2)
        one.settle()

        assert await client.answer() == {"control": "flush", "status": "ok", "events": 2}


async def test_a_last_line_without_newline_counts_at_the_end(short_folder: Path) -> None:
    """Half-closing makes a line of what is there, and its ack is still delivered."""
    async with house(short_folder) as one:
        client = await one.client(acked(1), acked(2)[:-1])
        answers = await settled(one, client, 2)

        assert answers.count(b'"status":"stored"') == 2
        assert one.names == ["n1", "n2"]


async def test_a_torn_line_that_its_sender_keeps_is_not_recorded(short_folder: Path) -> None:
    """Cut off by the hook client's deadline, the event is in its spool, whole."""
    async with house(short_folder) as one:
        client = await one.client(native(1), TORN)
        answers = await settled(one, client, 1)
        await turns()

        assert answers == b""
        assert one.figures.received == 1


async def test_a_line_torn_within_a_character_is_not_recorded(short_folder: Path) -> None:
    """The cut can leave half a character, which is no UTF-8."""
    async with house(short_folder) as one:
        client = await one.client(native(1), TORN + "…".encode()[:2])
        await settled(one, client, 1)

        assert one.figures.received == 1


async def test_a_torn_line_that_nobody_keeps_is_rejected(short_folder: Path) -> None:
    """Who asked for no ack has nothing left of it, so what came is kept."""
    async with house(short_folder) as one:
        client = await one.client(b'{"v":1,"session_id":"s","trace_')
        await settled(one, client, 1)

        assert one.names == ["not_json"]


async def test_a_whole_line_without_newline_that_asked_is_rejected_aloud(
    short_folder: Path,
) -> None:
    """Only what does not parse can be torn: a line with a wrong field gets its answer."""
    async with house(short_folder) as one:
        client = await one.client(b'{"v":1,"ack":true,"trace_type":"tool","event_id":"e1"}')

        assert b'"reason":"bad_field"' in await settled(one, client, 1)


async def test_a_client_that_is_reset_loses_nothing_that_came(short_folder: Path) -> None:
    """Its lines are read and settled though nobody can be told."""
    async with house(short_folder) as one:
        client = await one.client(acked(1), acked(2))
        client.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await client.stream.aclose()
        await one.take(2)
        one.settle()
        await until(lambda: len(one.listener) == 0, "the connection to be forgotten")

        assert one.names == ["n1", "n2"]
        assert one.intake.bytes == 0


async def test_a_client_that_went_away_is_forgotten_after_its_commit(short_folder: Path) -> None:
    """Its end was read, its events wait: it lives until they are settled."""
    async with house(short_folder) as one:
        client = await one.client(acked(1))
        await client.stream.aclose()
        await one.take(1)
        await turns()
        assert len(one.listener) == 1
        one.settle()

        await until(lambda: len(one.listener) == 0, "the connection to be forgotten")


async def test_lines_of_two_bytes_are_read_a_few_at_a_time(short_folder: Path) -> None:
    """A flood of them leaves the others their turn; longer lines are read in bulk again."""
    async with house(short_folder) as one, anyio.create_task_group() as tasks:
        tasks.start_soon(one.settle_all)
        client = await one.client(b"x\n" * 50_000)
        await until(lambda: one.figures.received == 50_000, "the flood to be read")
        (flooded,) = one.listener._connections
        assert flooded._read_bytes <= inlet.READ_BYTES_MAX // 2
        await client.send(*(native(1, input="x" * 50_000) for _ in range(20)))
        await until(lambda: one.figures.received == 50_020, "long lines to be read")

        assert flooded._read_bytes == inlet.READ_BYTES_MAX
        tasks.cancel_scope.cancel()


async def test_more_lines_than_a_batch_are_more_submissions(short_folder: Path) -> None:
    """One read of many short lines does not make one transaction."""
    async with house(short_folder, submission_events_max=10) as one:
        client = await one.client(*(acked(n) for n in range(25)), control("flush"))
        sizes = [len(each.records) for _ in range(3) for each in await one.intake.take(10)]

        assert sizes == [10, 10, 5]
        assert len(one.listener) == 1
        await client.stream.aclose()


async def test_an_error_of_ours_ends_its_connection_only(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged by type and place, without what the client sent; the others go on."""

    def fail(_self: Protocol, data: bytes) -> list[Control]:
        if b"poison" in data:
            raise ArithmeticError(data)
        return [Control("ping")]

    monkeypatch.setattr(Protocol, "receive_data", fail)
    async with house(short_folder) as one:
        with capture_logs() as lines:
            client = await one.client()
            await turns()
            await client.send(b"poison\n")
            assert await client.is_closed()
        other = await one.client(b"x\n")

        assert (await other.answer())["control"] == "ping"
        assert [line["event"] for line in lines] == ["connection_failed"]
        assert lines[0]["error"].startswith("ArithmeticError at test_connection.py:")
        assert len(one.listener) == 1


async def test_an_answer_that_cannot_be_made_ends_its_connection_only(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer, which settles, hears nothing of it."""

    def fail(_self: object) -> bytes:
        raise ArithmeticError

    async with house(short_folder) as one:
        client = await one.client(acked(1))
        await one.take(1)
        monkeypatch.setattr(Replies, "ready", fail)
        with capture_logs() as lines:
            one.settle()

        assert await client.is_closed()
        assert [line["event"] for line in lines] == ["connection_failed"]
