import socket
import struct
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from support.house import MIB, Client, House, acked, control, house, native, turns, until
from traced.core.protocol import Protocol
from traced.core.wire import Control
from traced.ingest import connection

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


async def test_who_does_not_read_answers_is_not_read_from(short_folder: Path) -> None:
    """His acks fill the kernel's buffer, then he has to wait; another one goes on."""
    async with house(short_folder) as one, anyio.create_task_group() as tasks:
        tasks.start_soon(one.settle_all)
        rude = await one.client()
        sent = 0
        with anyio.move_on_after(1):
            while True:
                await rude.stream.send(b"".join(acked(n) for n in range(1000)))
                sent += 1000
        polite = await one.client(acked(1))
        assert (await polite.answer())["status"] == "stored"
        read = one.figures.received
        await turns()

        assert 0 < one.figures.received == read < sent + 1000
        tasks.cancel_scope.cancel()


async def test_who_reads_late_gets_all_answers(short_folder: Path) -> None:
    """What could not be sent is sent when the client reads, in order, and he is read from again."""
    count = 20_000
    async with house(short_folder) as one, anyio.create_task_group() as tasks:
        tasks.start_soon(one.settle_all)
        client = await one.client()

        async def send() -> None:
            await client.send(*(acked(n) for n in range(count)))

        tasks.start_soon(send)
        await until(lambda: one.figures.received > 1000, "events to be read")
        await turns()
        answers = [(await client.answer())["event_id"] for _ in range(count)]

        assert answers == [f"e{n}" for n in range(count)]
        tasks.cancel_scope.cancel()


async def test_who_is_owed_too_many_answers_is_not_read_from(short_folder: Path) -> None:
    """While the writer is slow a client can have so many lines in flight, and no more."""
    async with house(short_folder, intake_bytes_max=1024 * MIB) as one:
        client = await one.client()
        line = acked(1)
        with anyio.move_on_after(1):
            while True:
                await client.stream.send(line * 1000)
        bound = connection.ACKS_OWED_MAX + connection.READ_BYTES // len(line)

        assert connection.ACKS_OWED_MAX <= one.figures.received <= bound


async def test_more_lines_than_a_batch_are_more_submissions(short_folder: Path) -> None:
    """One read of many short lines does not make one transaction."""
    async with house(short_folder, submission_events_max=10) as one:
        client = await one.client(*(acked(n) for n in range(25)), control("flush"))
        sizes = [len(each.records) for _ in range(3) for each in await one.intake.take(10)]

        assert sizes == [10, 10, 5]
        assert len(one.listener) == 1
        await client.stream.aclose()


@pytest.mark.parametrize("word", ["ping", "flush", "status", "reboot"])
async def test_control_lines_are_answered_while_nobody_may_be_read(
    short_folder: Path, word: str
) -> None:
    """A writer that cannot write stops the reading, not the telling."""
    async with house(short_folder) as one:
        one.intake.stall(stalled=True)
        client = await one.client(control(word))

        assert (await client.answer())["control"] == word


async def test_events_wait_in_the_kernel_while_nobody_may_be_read(short_folder: Path) -> None:
    """They are read once there is room, behind a control line that came later as well."""
    async with house(short_folder) as one:
        one.intake.stall(stalled=True)
        client = await one.client(control("ping"))
        await client.answer()
        await client.send(acked(1), control("flush"))
        await turns()
        assert one.figures.received == 0
        one.intake.stall(stalled=False)
        await one.take(1)
        one.settle()

        assert (await client.answer())["event_id"] == "e1"
        assert (await client.answer())["events"] == 1


async def test_a_client_that_leaves_while_nobody_may_be_read_is_forgotten(
    short_folder: Path,
) -> None:
    """An end needs no room."""
    async with house(short_folder) as one:
        one.intake.stall(stalled=True)
        client = await one.client(control("ping"))
        await client.answer()
        await client.stream.aclose()

        await until(lambda: len(one.listener) == 0, "the connection to be forgotten")


async def test_what_a_client_left_behind_is_read_when_there_is_room(short_folder: Path) -> None:
    """Sent and gone while nobody could be read, his lines are taken afterwards."""
    async with house(short_folder) as one:
        one.intake.stall(stalled=True)
        client = await one.client(native(1), native(2)[:-1])
        await client.stream.aclose()
        await turns()
        one.intake.stall(stalled=False)
        await one.take(2)

        assert one.names == ["n1", "n2"]


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
        monkeypatch.setattr(connection.Replies, "ready", fail)
        with capture_logs() as lines:
            one.settle()

        assert await client.is_closed()
        assert [line["event"] for line in lines] == ["connection_failed"]
