import json
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from support.house import acked, control, native, turns, until
from support.served import Served, config_in, served
from support.store_room import locked_database, rows
from traced.client.spool import make_name
from traced.core.errors import ConfigError, StoreError
from traced.daemon import serve


async def test_a_signal_stops_it_with_everything_stored(short_folder: Path) -> None:
    """Clients that stream get an ack for each line that was stored, and the other way round."""
    acks: list[int] = []

    async def stream(daemon: Served, number: int) -> None:
        client = await daemon.client()
        sent = 0
        with pytest.raises(anyio.BrokenResourceError):
            while True:
                lines = (acked(sent + n, session_id=f"s{number}") for n in range(50))
                await client.stream.send(b"".join(lines).replace(b'"s"', b'"s%d"' % number))
                sent += 50
                while sent - len(got[number]) > 500:
                    got[number].append(await client.answer())
        rest = (await client.rest()).splitlines()
        got[number] += [json.loads(line) for line in rest]
        acks.append(len(got[number]))

    got: list[list[dict[str, object]]] = [[] for _ in range(4)]
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        async with anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(stream, daemon, number)
            await until(lambda: min(map(len, got)) > 1000, "streams to run")
            await daemon.stop()
        stored = rows(
            daemon.config.db,
            "SELECT session_id, count(*) AS steps, max(step_order) AS last"
            " FROM execution_traces GROUP BY session_id ORDER BY session_id",
        )

    assert all(answer["status"] == "stored" for answers in got for answer in answers)
    assert [row["steps"] for row in stored] == [len(answers) for answers in got]
    assert [row["last"] for row in stored] == [row["steps"] for row in stored]


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

    left = {path.name for path in short_folder.iterdir() if path.name != "t.db-shm"}
    wal = short_folder / "t.db-wal"
    assert left - {"t.db-wal"} == {"t.db", "t.db.lock", "t.sock.lock", "spool"}
    assert not wal.exists() or wal.stat().st_size == 0


async def test_a_stop_ends_in_time_though_nothing_can_be_written(short_folder: Path) -> None:
    """At its deadline it says how many events are not stored; it acked none of them."""
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

    told = [line for line in lines if line["event"] == "drain_incomplete"]
    assert [line["discarded"] for line in told] == [2]
    assert seconds < 10
    assert daemon.names == []


async def test_a_signal_during_the_intake_of_the_spool_stops_it(short_folder: Path) -> None:
    """A start with much to take in can be stopped; what is not taken waits for the next one."""
    config = config_in(short_folder)
    for number in range(3000):
        (config.spool / make_name(number, 1, "ab")).write_bytes(native(number))
    async with served(short_folder) as daemon:
        await until(lambda: len(os.listdir(config.spool)) < 3000, "the intake to begin")
        await daemon.stop()
        assert not daemon.ready.is_set()
    left = len(os.listdir(config.spool))
    async with served(short_folder) as daemon:
        await daemon.ready.wait()

        assert daemon.names == [f"n{number}" for number in range(3000)]
    assert left > 0


async def test_a_cancelled_one_leaves_nothing_open(short_folder: Path) -> None:
    """Who runs it in his own program may cancel it; clients and files are closed."""
    daemon = Served(config_in(short_folder))
    before = len(os.listdir("/dev/fd"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(daemon.run)
        await daemon.ready.wait()
        client = await daemon.client(acked(1))
        await client.answer()
        tasks.cancel_scope.cancel()
    assert await client.is_closed()
    await daemon.close()

    assert len(os.listdir("/dev/fd")) == before
    assert not daemon.config.socket.exists()
    assert daemon.names == ["n1"]


