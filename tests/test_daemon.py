import os
import socket
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from support.house import acked, control, names_in, native, turns, until
from support.served import Served, config_in, served
from support.store_room import locked_database

from traced.client.spool import make_name
from traced.core.errors import ConfigError, StoreError


def is_true(status: dict[str, object]) -> bool:
    """Tell whether every event that was received is in exactly one figure."""
    rejected, discarded = status["rejected"], status["discarded"]
    assert isinstance(rejected, dict)
    assert isinstance(discarded, dict)
    ended = [status[name] for name in ("stored", "duplicate", "ignored", "queued")]
    return status["received"] == sum(ended) + sum(rejected.values()) + sum(discarded.values())  # type: ignore[arg-type]


async def test_what_is_acked_is_committed(short_folder: Path) -> None:
    """When the ack is there, another reader sees the step."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        client = await daemon.client(acked(1))

        assert (await client.answer())["step_order"] == 1
        assert daemon.names == ["n1"]


async def test_the_spool_is_taken_before_it_is_ready(short_folder: Path) -> None:
    """What was left while nobody was there comes before what comes now."""
    config = config_in(short_folder)
    for number in range(3):
        (config.spool / make_name(number, 1, "ab")).write_bytes(native(number))
    async with served(short_folder) as daemon:
        await daemon.ready.wait()

        assert daemon.names == ["n0", "n1", "n2"]
        assert list(config.spool.iterdir()) == []


async def test_the_spool_is_taken_while_it_runs(short_folder: Path) -> None:
    """A client that missed its deadline is not waited for until the next start."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        (daemon.config.spool / make_name(1, 1, "ab")).write_bytes(native(1))

        await until(lambda: daemon.names == ["n1"], "the file to be taken")


async def test_files_are_private(short_folder: Path) -> None:
    """Nobody else may read what it recorded, or connect."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        await (await daemon.client(acked(1))).answer()
        modes = {
            name: stat.S_IMODE((short_folder / name).stat().st_mode)
            for name in names_in(short_folder) - {"spool"}
        }

    assert set(modes) >= {"t.sock", "t.db", "t.db-wal", "t.db.lock", "t.sock.lock"}
    assert set(modes.values()) == {0o600}


async def test_figures_are_true_whenever_one_looks(short_folder: Path) -> None:
    """Received is stored, duplicate, ignored, rejected, discarded and queued, at every moment."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        clients = [await daemon.client() for _ in range(4)]
        lines = [*(native(n) for n in range(100)), b"garbage\n", acked(1), acked(1)]
        lines.append(b'{"hook_event_name":"Unheard","session_id":"s"}\n')
        for _ in range(20):
            for client in clients:
                await client.send(*lines)
            assert is_true(await daemon.status())
        for client in clients:
            await client.send(control("flush"))
            while "events" not in await client.answer():
                pass
        status = await daemon.status()

    assert is_true(status)
    assert (status["received"], status["queued"], status["queued_bytes"]) == (8320, 0, 0)
    assert status["rejected"] == {"not_json": 80}
    assert status["ignored"] == 80
    assert status["stored"] == 8001
    assert status["duplicate"] == 159
    assert status["connections"] == 5


async def test_a_locked_database_stops_the_reading_and_not_the_telling(
    short_folder: Path,
) -> None:
    """Who asks hears that it is retrying; then it goes on by itself and acks what it stored."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        with locked_database(daemon.config.db):
            first = await daemon.client(acked(1))
            with anyio.fail_after(20):
                while (status := await daemon.status())["state"] == "ok":
                    await anyio.sleep(0.01)
            later = await daemon.client(acked(2))
            await turns()
            again = await daemon.status()
            assert (status["state"], status["queued"]) == ("retrying", 1)
            assert again["received"] == 1
        answers = [await first.answer(), await later.answer()]

        assert [answer["status"] for answer in answers] == ["stored", "stored"]
        assert (await daemon.status())["state"] == "ok"


SECOND = """
import pathlib, sys
import anyio
sys.path.insert(0, sys.argv[1])
from support.served import config_in
from traced.daemon import serve
folder = pathlib.Path(sys.argv[2])
config = config_in(folder, db=folder / sys.argv[3], socket=folder / sys.argv[4])
try:
    anyio.run(serve, config, lambda: print("ready"))
except BaseException as error:
    print(repr(error))
"""


async def second_one(db: str, sock: str, folder: Path) -> str:
    """Return what another process says that serves this database and socket."""
    tests = str(Path(__file__).parent)
    command = [sys.executable, "-c", SECOND, tests, str(folder), db, sock]
    return (await anyio.run_process(command)).stdout.decode()


async def test_a_second_one_on_the_same_database_is_refused(short_folder: Path) -> None:
    """Also when its socket is another one."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        told = await second_one("t.db", "other.sock", short_folder)
        assert f"AlreadyRunning('database {short_folder}/t.db is in use by another traced" in told
        assert f"(pid {os.getpid()})" in told

        assert (await (await daemon.client(acked(1))).answer())["status"] == "stored"
        assert not (short_folder / "other.sock").exists()


async def test_a_second_one_on_the_same_socket_is_refused(short_folder: Path) -> None:
    """It does not take the socket of the one that lives."""
    async with served(short_folder) as daemon:
        await daemon.ready.wait()
        told = await second_one("other.db", "t.sock", short_folder)
        assert f"AlreadyRunning('socket {short_folder}/t.sock is in use by another traced" in told

        assert (await (await daemon.client(acked(1))).answer())["status"] == "stored"


async def test_what_is_wrong_with_the_socket_is_raised_as_it_is(short_folder: Path) -> None:
    """Who starts it can tell the user, and the file is untouched."""
    config = config_in(short_folder)
    config.socket.write_text("precious")
    with pytest.raises(ConfigError, match="expected a socket or nothing"):
        await Served(config).run()

    assert config.socket.read_text() == "precious"


async def test_what_is_wrong_with_the_database_is_raised_as_it_is(short_folder: Path) -> None:
    """Another program's is left as it is, and the socket is not there afterwards."""
    config = config_in(short_folder)
    with closing(sqlite3.connect(config.db)) as connection:
        connection.execute("CREATE TABLE precious (a)")
    content = config.db.read_bytes()
    with pytest.raises(StoreError, match="another program's database"):
        await Served(config).run()

    assert not config.socket.exists()
    assert config.db.read_bytes() == content


async def test_a_dead_socket_is_no_obstacle(short_folder: Path) -> None:
    """What a crash left behind is replaced."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(short_folder / "t.sock"))
        dead.listen()
    async with served(short_folder) as daemon:
        await daemon.ready.wait()

        assert (await (await daemon.client(acked(1))).answer())["status"] == "stored"


@pytest.mark.parametrize("mode", ["metadata", "summary", "full"])
async def test_no_secret_reaches_the_disk(short_folder: Path, mode: str) -> None:
    """Neither in a step nor in what was rejected, whatever is captured."""
    secret = b"AKIAIOSFODNN7EXAMPLE"
    async with served(short_folder, capture=mode) as daemon:
        await daemon.ready.wait()
        client = await daemon.client(
            native(1, input=secret.decode()),
            b"garbage " + secret + b"\n",
            b'{"v":1,"name":"%b"}\n' % secret,
            control("flush"),
        )
        assert (await client.answer())["events"] == 3

    names = [name for name in names_in(short_folder) if name.startswith("t.db")]
    written = b"".join((short_folder / name).read_bytes() for name in names)
    assert secret not in written
    assert (b"garbage" in written) == (mode != "metadata")
