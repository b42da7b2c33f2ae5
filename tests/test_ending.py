import json
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import anyio
from structlog.testing import capture_logs
from support.house import Client, acked, names_in, native, open_descriptors, until
from support.served import Served, config_in, served
from support.store_room import locked_database, rows

from traced.client.spool import make_name


class Stream:
    """A client that sends events of a session of its own, some hundreds ahead of their acks."""

    def __init__(self, client: Client, session_id: str) -> None:
        self.client = client
        self.session_id = session_id
        self.answers: list[dict[str, object]] = []

    async def run(self) -> None:
        """Send until the daemon closes the connection, then read what it still answered."""
        with suppress(anyio.BrokenResourceError):
            await self._send()
        self.answers += [json.loads(line) for line in (await self.client.rest()).splitlines()]

    async def _send(self) -> None:
        sent = 0
        while True:
            lines = (acked(sent + number) for number in range(50))
            ours = f'"session_id":"{self.session_id}"'.encode()
            await self.client.stream.send(b"".join(lines).replace(b'"session_id":"s"', ours))
            sent += 50
            while sent - len(self.answers) > 500:
                self.answers.append(await self.client.answer())


async def test_a_signal_stops_it_with_everything_stored(short_folder: Path) -> None:
    """Clients that stream get an ack for each line that was stored, and the other way round."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        streams = [Stream(await daemon.client(), f"s{number}") for number in range(4)]
        async with anyio.create_task_group() as tasks:
            for stream in streams:
                tasks.start_soon(stream.run)
            await until(lambda: all(len(each.answers) > 1000 for each in streams), "streams to run")
            await daemon.stop()
        stored = rows(
            daemon.config.db,
            "SELECT session_id, count(*) AS steps, max(step_order) AS last"
            " FROM execution_traces GROUP BY session_id ORDER BY session_id",
        )

    for stream, row in zip(streams, stored, strict=True):
        assert {answer["status"] for answer in stream.answers} == {"stored"}
        assert row == {
            "session_id": stream.session_id,
            "steps": len(stream.answers),
            "last": len(stream.answers),
        }


async def test_a_signal_does_not_lose_who_waits_in_the_kernel(short_folder: Path) -> None:
    """Connected and sent but never accepted before the signal, their lines are stored."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        for number in range(100):  # nothing is awaited: nobody is accepted meanwhile
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(daemon.config.socket))
                sock.sendall(native(number))
        await daemon.over.wait()

        assert sorted(daemon.names) == sorted(f"n{number}" for number in range(100))


async def test_a_stop_is_clean(short_folder: Path) -> None:
    """No socket, no log of the database and no lock is left that anybody had to remove."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        await (await daemon.client(acked(1))).answer()

    left = names_in(short_folder) - {"t.db-shm", "t.db-wal", "t-index.db"}
    wal = short_folder / "t.db-wal"
    assert left == {"t.db", "t.db.lock", "t.sock.lock", "spool"}
    assert not wal.exists() or wal.stat().st_size == 0


async def test_a_stop_ends_in_time_though_nothing_can_be_written(short_folder: Path) -> None:
    """At its deadline it hands back to the spool what is not stored; it acked none of it."""
    async with served(short_folder, drain_seconds_max=0.5) as daemon:
        await daemon.ready.wait()
        with locked_database(daemon.config.db), capture_logs() as lines:
            client = await daemon.client(acked(1), acked(2))
            with anyio.fail_after(20):
                while (await daemon.status())["queued"] != 2:
                    await anyio.sleep(0.01)
            began = time.monotonic()
            await daemon.stop()
            seconds = time.monotonic() - began
            assert await client.rest() == b""

    told = [line for line in lines if line["event"] == "events_handed_back"]
    assert [line["count"] for line in told] == [2]
    assert seconds < 10
    assert daemon.names == []
    async with served(short_folder) as again:
        await again.ready.wait()

        assert again.names == ["n1", "n2"]


async def test_who_was_told_to_ignore_sighup_goes_on(short_folder: Path) -> None:
    """So ``nohup`` keeps it running, whatever terminal it had."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        async with served(short_folder) as daemon:
            await daemon.ready.wait()
            os.kill(os.getpid(), signal.SIGHUP)
            answer = await (await daemon.client(acked(1))).answer()

            assert answer["status"] == "stored"
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_a_signal_during_the_intake_of_the_spool_stops_it(short_folder: Path) -> None:
    """A start with much to take in can be stopped; what is not taken waits for the next one."""
    config = config_in(short_folder)
    for number in range(3000):
        (config.spool / make_name(number, 1, "ab")).write_bytes(native(number))
    async with served(short_folder) as daemon:
        await until(lambda: len(names_in(config.spool)) < 3000, "the intake to begin")
        await daemon.stop()
        assert not daemon.ready.is_set()
    left = len(names_in(config.spool))
    async with served(short_folder) as daemon:
        await daemon.ready.wait()

        assert daemon.names == [f"n{number}" for number in range(3000)]
    assert left > 0


async def test_a_cancelled_one_leaves_nothing_open(short_folder: Path) -> None:
    """Who runs it in his own program may cancel it; clients and files are closed."""
    daemon = Served(config_in(short_folder))
    before = open_descriptors()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(daemon.run)
        await daemon.ready.wait()
        client = await daemon.client(acked(1))
        await client.answer()
        tasks.cancel_scope.cancel()
    assert await client.is_closed()
    await daemon.close()

    assert open_descriptors() == before
    assert not daemon.config.socket.exists()
    assert daemon.names == ["n1"]
