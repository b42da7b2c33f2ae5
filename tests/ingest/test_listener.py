import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs
from support.house import Client, House, acked, control, house, native, turns, until

from traced.ingest import listener


async def pinged(one: House) -> Client:
    """Connect a client and wait until it is served."""
    client = await one.client(control("ping"))
    await client.answer()
    return client


async def drained(one: House) -> None:
    """Drain, with a writer that settles what comes."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.settle_all)
        with anyio.fail_after(20):
            await one.listener.drain(one.path)
        tasks.cancel_scope.cancel()


async def test_counts_its_connections(short_folder: Path) -> None:
    """Who is connected is counted, who left is not."""
    async with house(short_folder) as one:
        first = await pinged(one)
        await pinged(one)
        assert len(one.listener) == 2
        await first.stream.aclose()

        await until(lambda: len(one.listener) == 1, "the first to be forgotten")


async def test_many_clients_are_accepted_and_settled(short_folder: Path) -> None:
    """Five hundred that connect, send and leave at once lose nothing."""
    async with house(short_folder) as one, anyio.create_task_group() as tasks:
        tasks.start_soon(one.settle_all)
        for number in range(500):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(one.path))
                sock.sendall(native(number))
        await until(lambda: one.figures.stored == 500, "all to be stored")
        await until(lambda: len(one.listener) == 0, "all to be forgotten")

        assert sorted(one.names) == sorted(f"n{number}" for number in range(500))
        tasks.cancel_scope.cancel()


async def test_above_its_bound_the_longest_idle_one_is_closed(short_folder: Path) -> None:
    """Who said something last stays; who has been silent for longest makes room."""
    async with house(short_folder, connections_max=2) as one:
        first, second = await pinged(one), await pinged(one)
        await first.send(control("ping"))
        await first.answer()
        third = await pinged(one)

        assert await second.is_closed()
        await first.send(control("ping"))
        assert (await first.answer())["status"] == "ok"
        assert len(one.listener) == 2
        await third.stream.aclose()


async def test_who_waits_for_the_writer_is_not_idle(short_folder: Path) -> None:
    """An older connection with an event in flight stays, a younger one without makes room."""
    async with house(short_folder, connections_max=2) as one:
        older = await one.client(acked(1))
        await one.take(1)
        younger = await pinged(one)
        await pinged(one)
        one.settle()

        assert (await older.answer())["status"] == "stored"
        assert await younger.is_closed()


async def test_what_has_just_come_is_read_before_a_connection_is_closed(
    short_folder: Path,
) -> None:
    """Idle until now, it is not when its event waits in the kernel."""
    async with house(short_folder, connections_max=1) as one:
        first = await pinged(one)
        first.raw.send(acked(1))
        with socket.socket(socket.AF_UNIX) as second:
            second.connect(str(one.path))
            await one.take(1)
            one.settle()

            assert (await first.answer())["event_id"] == "e1"


async def test_half_a_line_does_not_keep_a_place(short_folder: Path) -> None:
    """A silent client with an unfinished line is idle too; the line is rejected."""
    async with house(short_folder, connections_max=1) as one:
        first = await one.client(b'{"v":1,"ack":true,"session_id":')
        await turns()
        second = await one.client(control("ping"))
        await one.take(1)
        one.settle()

        assert b'"reason":"incomplete"' in await first.rest()
        assert (await second.answer())["status"] == "ok"


async def test_nobody_is_closed_while_all_wait(short_folder: Path) -> None:
    """Where no connection is idle the next one waits in the kernel, and nothing is lost."""
    async with house(short_folder, connections_max=2) as one:
        clients = [await one.client(acked(number)) for number in range(2)]
        await one.take(2)
        clients += [await one.client(acked(number)) for number in range(2, 6)]
        await turns(300)
        assert len(one.listener) <= 3
        one.settle()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.settle_all)
            answers = [(await client.answer())["event_id"] for client in clients]
            tasks.cancel_scope.cancel()

        assert answers == [f"e{number}" for number in range(6)]


async def test_answers_that_nobody_reads_are_bounded(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the bound who has read none for longest is closed, and the log says so."""
    monkeypatch.setattr(listener, "UNREAD_BYTES_MAX", 1)
    async with house(short_folder) as one, anyio.create_task_group() as tasks:
        tasks.start_soon(one.settle_all)
        polite, rude = await pinged(one), await pinged(one)
        with capture_logs() as lines:
            await rude.send_for_ever(b"".join(acked(n) for n in range(1000)))
        await polite.send(acked(1))

        assert (await polite.answer())["status"] == "stored"
        assert [line["event"] for line in lines] == ["answers_not_read"]
        tasks.cancel_scope.cancel()


async def test_a_peer_that_is_not_allowed_is_closed_unheard(short_folder: Path) -> None:
    """The log says whose it was, and nothing of it is read."""
    async with house(short_folder) as one:
        one.listener._allowed = lambda uid: uid != os.geteuid()
        with capture_logs() as lines:
            client = await one.client(acked(1))

            assert await client.is_closed()
        assert one.figures.received == 0
        assert lines == [{"event": "peer_refused", "log_level": "warning", "uid": os.geteuid()}]


async def test_a_drain_takes_who_waits_in_the_kernel(short_folder: Path) -> None:
    """Connected and sent but not accepted yet, they are stored and acked."""
    async with house(short_folder) as one:
        socks = []
        for number in range(200):  # nothing is awaited: the listener has no chance to accept
            socks.append(socket.socket(socket.AF_UNIX))
            socks[-1].connect(str(one.path))
            socks[-1].sendall(acked(number))
        await drained(one)

        assert sorted(one.names) == sorted(f"n{number}" for number in range(200))
        for sock in socks:
            assert b'"status":"stored"' in sock.recv(1000)
            assert sock.recv(1) == b""
            sock.close()


async def test_a_drain_reads_what_waits_of_all(short_folder: Path) -> None:
    """What a connected client has sent is read to the last line without newline."""
    async with house(short_folder, intake_bytes_max=50 * 1024) as one:
        clients = [await pinged(one) for _ in range(5)]
        for client in clients:
            client.raw.send(b"".join(acked(n) for n in range(100)) + acked(100)[:-1])
            client.raw.shutdown(socket.SHUT_WR)
        await drained(one)

        assert one.figures.stored == 505
        for client in clients:
            assert (await client.rest()).count(b'"stored"') == 101


async def test_a_drain_ends_though_a_stream_does_not(short_folder: Path) -> None:
    """Of a client that never stops what waited is read; then it is closed."""
    async with house(short_folder) as one, anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon((await pinged(one)).send_for_ever, native(1) * 100)
        await until(lambda: one.figures.received > 100, "streams to be read")
        await drained(one)

        assert len(one.listener) == 0
        assert one.figures.queued == 0


async def test_a_drain_rejects_half_a_line_unless_its_sender_keeps_it(short_folder: Path) -> None:
    """Who waits for an ack still has the event, and its spool will bring it."""
    async with house(short_folder) as one:
        kept = await one.client(b'{"v":1,"ack":true,"session_id":')
        lost = await one.client(b'{"v":1,"session_id":')
        await turns()
        await drained(one)

        assert one.names == ["incomplete"]
        assert await kept.rest() == await lost.rest() == b""


async def test_a_drain_does_not_wait_for_who_does_not_read(short_folder: Path) -> None:
    """His lines are stored; his answers have a second to be read."""
    async with house(short_folder) as one:
        rude = await one.client()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.settle_all)
            with anyio.move_on_after(0.5):
                while True:
                    await rude.stream.send(b"".join(acked(n) for n in range(1000)))
            tasks.cancel_scope.cancel()
        await drained(one)

        assert len(one.listener) == 0


async def test_a_drain_takes_no_new_clients(short_folder: Path) -> None:
    """The socket is gone at once, so that clients spool."""
    async with house(short_folder) as one:
        await drained(one)

        assert not one.path.exists()
        with pytest.raises(OSError, match="No such file"):
            await one.client()


FEW_DESCRIPTORS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
import asyncio, pathlib, time
sys.path.insert(0, sys.argv[2])
from support.house import house

async def main():
    async with house(pathlib.Path(sys.argv[1])) as one:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(time.process_time(), flush=True)

asyncio.run(main())
"""


def test_running_out_of_descriptors_neither_ends_nor_spins_it(short_folder: Path) -> None:
    """A hundred clients at a limit of forty files: idle ones make room, and all get answers."""
    tests = str(Path(__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", FEW_DESCRIPTORS, str(short_folder), tests],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline().endswith(b"ready\n")
        socks = [socket.socket(socket.AF_UNIX) for _ in range(100)]
        for sock in socks:
            sock.settimeout(20)
            sock.connect(str(short_folder / "t.sock"))
            sock.sendall(control("ping"))
            assert b'"ok"' in sock.recv(1000)
        process.stdin.close()
        lines = process.stdout.read().splitlines()
        for sock in socks:
            sock.close()

    assert process.returncode == 0
    assert float(lines[-1]) < 10


def test_the_limit_of_files_is_that_of_this_process() -> None:
    """The test above set it in its own process only."""
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 40
