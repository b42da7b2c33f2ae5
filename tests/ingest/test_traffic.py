from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.house import Client, House, acked, control, house, native, turns, until

from traced.core.protocol import ITEM_BYTES
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake
from traced.ingest.traffic import RESUMED_A_TURN, Traffic

KIB = 1024


def long_line(number: int, size: int) -> bytes:
    """Return an event of about so many bytes that asks for an ack."""
    return acked(number, input="x" * size)


async def halves(one: House, count: int, size: int) -> list[tuple[Client, bytes]]:
    """Connect clients that each hold half a line; return them with their other half."""
    clients = []
    for number in range(count):
        line = long_line(number, size)
        client = await one.client(line[: size // 2])
        await turns(1)
        clients.append((client, line[size // 2 :]))
    return clients


async def test_a_full_intake_stops_everybody_and_loses_nothing(short_folder: Path) -> None:
    """While it is full no client is read, whoever filled it; then all go on to their last line."""
    async with house(short_folder, intake_bytes_max=20 * ITEM_BYTES) as one:
        clients = [await one.client() for _ in range(10)]
        async with anyio.create_task_group() as tasks:
            for client in clients:
                tasks.start_soon(client.send, *(acked(n) for n in range(1000)))
            await until(lambda: one.intake.full, "the intake to fill")
            await turns()
            read = one.figures.received
            await turns()
            assert one.figures.received == read < 10_000
            tasks.start_soon(one.settle_all)
            for client in clients:
                answers = [(await client.answer())["event_id"] for _ in range(1000)]
                assert answers == [f"e{n}" for n in range(1000)]
            tasks.cancel_scope.cancel()

        assert one.figures.received == one.figures.stored == 10_000
        assert one.intake.bytes == 0


async def test_crowding_lines_are_finished_one_after_the_other(short_folder: Path) -> None:
    """Fifty clients that each hold half a line get them through, though all at once do not fit."""
    async with house(short_folder, partial_bytes_max=256 * KIB) as one:
        clients = await halves(one, 50, 64 * KIB)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.settle_all)
            for client, rest in clients:
                tasks.start_soon(client.send, rest)
            for number, (client, _) in enumerate(clients):
                assert (await client.answer())["event_id"] == f"e{number}"
            tasks.cancel_scope.cancel()

        assert one.figures.stored == 50


async def test_a_line_that_crowds_out_others_for_too_long_is_rejected(short_folder: Path) -> None:
    """Who do not go on in time lose line and connection together, until the crowd is half gone."""
    async with house(short_folder, partial_bytes_max=100 * KIB, partial_seconds_max=0.2) as one:
        stuck = await halves(one, 5, 50 * KIB)
        with capture_logs() as lines:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(one.settle_all)
                for client, _ in stuck[:3]:
                    assert b'"reason":"incomplete"' in await client.rest()
                await turns()
                tasks.cancel_scope.cancel()

        assert one.figures.rejected == {"incomplete": 3}
        assert [(line["event"], line["lines"]) for line in lines] == [("line_incomplete", 3)]
        assert len(one.listener) == 2


async def test_whole_lines_are_read_through_a_crowd(short_folder: Path) -> None:
    """Who writes whole lines makes no crowd bigger, and is served while others are stuck."""
    async with house(short_folder, partial_bytes_max=100 * KIB) as one:
        await halves(one, 5, 50 * KIB)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.settle_all)
            client = await one.client(acked(1), acked(2)[:9])
            assert (await client.answer())["event_id"] == "e1"
            await turns()
            await client.send(acked(2)[9:])
            assert (await client.answer())["event_id"] == "e2"
            tasks.cancel_scope.cancel()

        assert one.figures.rejected == {}


async def test_who_ends_his_line_in_a_crowd_is_heard(short_folder: Path) -> None:
    """The end of an unfinished line makes room, so it is read though it is not the oldest."""
    async with house(short_folder, partial_bytes_max=100 * KIB) as one:
        stuck = await halves(one, 5, 50 * KIB)
        youngest, rest = stuck[4]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.settle_all)
            await youngest.send(rest)
            assert (await youngest.answer())["event_id"] == "e4"
            tasks.cancel_scope.cancel()


async def test_no_unfinished_line_but_the_oldest_grows_in_a_crowd(short_folder: Path) -> None:
    """What would make the crowd bigger waits in the kernel."""
    async with house(short_folder, partial_bytes_max=100 * KIB) as one:
        stuck = await halves(one, 5, 50 * KIB)
        held = one.listener.traffic._partials.bytes
        for client, rest in stuck[1:]:
            await client.send(rest[:-1000])
        other = await one.client(acked(9)[:-1])
        await turns()
        assert one.listener.traffic._partials.bytes == held
        await stuck[0][0].send(stuck[0][1][:1000])

        await until(
            lambda: one.listener.traffic._partials.bytes == held + 1000, "the oldest to be read"
        )
        await other.stream.aclose()


async def test_no_line_is_rejected_while_there_is_no_crowd(short_folder: Path) -> None:
    """Half a line may be held for as long as it keeps nobody waiting."""
    async with house(short_folder, partial_bytes_max=100 * KIB, partial_seconds_max=0.1) as one:
        client = await one.client(acked(1)[:9])
        await anyio.sleep(0.5)
        await client.send(acked(1)[9:])
        await one.take(1)
        one.settle()

        assert (await client.answer())["status"] == "stored"


async def test_a_turn_counts_from_its_begin(short_folder: Path) -> None:
    """A line that waited for its turn for longer than a turn may take is not late."""
    async with house(short_folder, partial_bytes_max=100 * KIB, partial_seconds_max=0.5) as one:
        clients = await halves(one, 3, 100 * KIB)
        one.intake.stall(stalled=True)
        await anyio.sleep(1)
        one.intake.stall(stalled=False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.settle_all)
            for client, rest in clients:
                tasks.start_soon(client.send, rest)
            statuses = [(await client.answer())["status"] for client, _ in clients]
            tasks.cancel_scope.cancel()

        assert statuses == ["stored"] * 3


async def test_who_finishes_line_after_line_is_never_late(short_folder: Path) -> None:
    """A stream that always holds the begin of its next line is not taken for a stuck one."""
    async with house(short_folder, partial_bytes_max=100 * KIB, partial_seconds_max=0.3) as one:
        await halves(one, 1, 180 * KIB)
        stream = await one.client()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.settle_all)
            line = long_line(1, 30 * KIB)
            await stream.send(line[:9])
            with anyio.move_on_after(2):
                while True:
                    await stream.send(line[9:] + line[:9])
                    assert (await stream.answer())["status"] == "stored"
            await stream.send(line[9:])
            assert (await stream.answer())["status"] == "stored"
            tasks.cancel_scope.cancel()


async def test_control_lines_are_answered_through_a_crowd(short_folder: Path) -> None:
    """What needs no room does not wait for it."""
    async with house(short_folder, partial_bytes_max=100 * KIB) as one:
        await halves(one, 3, 100 * KIB)
        client = await one.client(control("ping"))

        assert (await client.answer())["status"] == "ok"


async def test_a_sender_that_leaves_leaves_the_crowd(short_folder: Path) -> None:
    """Gone in the middle of a line, it no longer keeps others waiting."""
    async with house(short_folder, partial_bytes_max=100 * KIB) as one:
        clients = await halves(one, 3, 80 * KIB)
        for client, _ in clients:
            await client.stream.aclose()
        other = await one.client(acked(9))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.settle_all)
            assert (await other.answer())["event_id"] == "e9"
            tasks.cancel_scope.cancel()


class Sender:
    """Something to be read that counts how often it was let on."""

    waiting_bytes = 1
    is_full = False

    def __init__(self) -> None:
        self.resumed = 0

    def resume(self) -> None:
        """Be let on."""
        self.resumed += 1

    def reject_partial(self) -> None:
        """Lose the line."""


@pytest.fixture
def intake() -> Intake:
    """Return an intake that is full."""
    full = Intake(1000, lambda: None, Figures())
    full.stall(stalled=True)
    return full


async def test_who_waits_is_let_on_a_few_at_a_time(intake: Intake) -> None:
    """Room for some does not wake up all, and the first to wait are the first to go on."""
    traffic = Traffic(intake, 1000, 5)
    senders = [Sender() for _ in range(RESUMED_A_TURN + 1)]
    for sender in senders:
        traffic.hold_back(sender)

    intake.stall(stalled=False)
    traffic.room_changed()
    await anyio.lowlevel.checkpoint()
    intake.stall(stalled=True)
    await turns(3)

    assert [sender.resumed for sender in senders] == [1] * RESUMED_A_TURN + [0]


async def test_who_is_closed_is_not_let_on(intake: Intake) -> None:
    """A connection that is gone is forgotten wherever it waited."""
    traffic = Traffic(intake, 1000, 5)
    gone, there = Sender(), Sender()
    traffic.hold_back(gone)
    traffic.hold_back(there)
    traffic.forget(gone)

    intake.stall(stalled=False)
    traffic.room_changed()
    await turns(3)

    assert (gone.resumed, there.resumed) == (0, 1)


async def test_nobody_is_let_on_after_the_stop(intake: Intake) -> None:
    """While the daemon drains, each is read in his turn only."""
    traffic = Traffic(intake, 1000, 5)
    sender = Sender()
    traffic.hold_back(sender)
    traffic.stop()

    intake.stall(stalled=False)
    traffic.room_changed()
    await turns(3)

    assert sender.resumed == 0
    assert not traffic.may_read(sender)


async def test_lines_of_two_bytes_are_weighed_as_what_they_cost(short_folder: Path) -> None:
    """A flood of the shortest lines fills the intake long before its bytes would."""
    async with house(short_folder, intake_bytes_max=1000 * ITEM_BYTES) as one:
        client = await one.client()
        with anyio.move_on_after(1):
            while True:
                await client.stream.send(b"x\n" * 1000)

        assert one.figures.received < 1000 + 64 * KIB // 2


async def test_a_native_stream_without_acks_is_slowed_not_dropped(short_folder: Path) -> None:
    """A sender that asks for nothing waits as the others do."""
    async with house(short_folder, intake_bytes_max=20 * ITEM_BYTES) as one:
        client = await one.client()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.settle_all)
            await client.send(*(native(n) for n in range(5000)))
            await client.finish()
            assert await client.rest() == b""
            tasks.cancel_scope.cancel()

        assert one.names == [f"n{n}" for n in range(5000)]
