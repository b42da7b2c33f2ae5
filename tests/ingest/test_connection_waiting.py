from pathlib import Path

import anyio
import pytest
from support.house import MIB, acked, control, house, native, turns, until

from traced.ingest import connection, inlet


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
        bound = connection.ACKS_OWED_MAX + inlet.READ_BYTES_MAX // len(line)

        assert connection.ACKS_OWED_MAX <= one.figures.received <= bound


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
