import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketStream
from support.house import names_in
from support.web import link_in, running

from traced.core.errors import NotRunning
from traced.web.link import ANSWER_BYTES_MAX, Ack, Link

LINE = b'{"v":1,"ack":true,"event_id":"e1","session_id":"s","trace_type":"tool","name":"n1"}\n'


@asynccontextmanager
async def stranger(path: Path, answer: Callable[[SocketStream], object]) -> AsyncIterator[None]:
    """Listen where the daemon should, and answer otherwise."""

    async def handle(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            await answer(stream)  # type: ignore[misc]

    async with (
        await anyio.create_unix_listener(path) as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, handle)
        yield
        tasks.cancel_scope.cancel()


async def closes(_stream: SocketStream) -> None:
    """Answer nothing."""


async def is_deaf(_stream: SocketStream) -> None:
    """Answer never."""
    await anyio.sleep_forever()


async def talks(stream: SocketStream) -> None:
    """Answer without an end."""
    await stream.send(b"x" * (ANSWER_BYTES_MAX + 1))


async def babbles(stream: SocketStream) -> None:
    """Answer what nobody understands."""
    await stream.send(b"hello\n")


def spooled(folder: Path) -> list[bytes]:
    """Return what is in the spool."""
    return [path.read_bytes() for path in sorted((folder / "spool").iterdir())]


async def test_figures_are_those_of_the_daemon(tmp_path: Path) -> None:
    """The status is what the running daemon says at this moment."""
    async with running(tmp_path):
        figures = await link_in(tmp_path, "t").status()

    assert (figures["running"], figures["pid"], figures["state"]) == (True, os.getpid(), "ok")


async def test_nobody_is_there(tmp_path: Path) -> None:
    """Without a daemon the error says so, and how to start one."""
    with pytest.raises(NotRunning, match=r"no daemon answers \(No such file.*`traced run`"):
        await link_in(tmp_path).status()


async def test_the_next_place_is_tried(tmp_path: Path) -> None:
    """A client tries the places of the socket in turn."""
    async with running(tmp_path):
        link = Link([tmp_path / "absent.sock", tmp_path / "t.sock"], tmp_path / "spool")

        assert (await link.status())["running"] is True


@pytest.mark.parametrize("answer", [closes, is_deaf, talks, babbles])
async def test_who_does_not_answer_is_no_daemon(
    tmp_path: Path, answer: Callable[[SocketStream], object]
) -> None:
    """Whatever listens there, within a bounded time it is a daemon's answer or there is none."""
    async with stranger(tmp_path / "traced.sock", answer):
        with pytest.raises(NotRunning):
            await link_in(tmp_path, seconds_max=0.2).status()


async def test_who_may_not_ask_hears_it(tmp_path: Path) -> None:
    """A daemon that refuses to tell is not said to be away."""

    async def refuses(stream: SocketStream) -> None:
        await stream.send(b'{"control":"status","status":"error","error":"uid 7 may not ask"}\n')

    async with stranger(tmp_path / "traced.sock", refuses):
        with pytest.raises(NotRunning, match="refuses to tell: uid 7 may not ask"):
            await link_in(tmp_path).status()


async def test_an_event_is_settled(tmp_path: Path) -> None:
    """With a daemon there an event is committed when the call returns, and nothing spooled."""
    async with running(tmp_path) as daemon:
        link = link_in(tmp_path, "t")
        first, second = await link.hand_over(LINE), await link.hand_over(LINE)

        assert (first, second) == (Ack("stored"), Ack("duplicate"))
        assert daemon.names == ["n1"]
        assert names_in(tmp_path / "spool") == set()


@pytest.mark.parametrize("answer", [closes, is_deaf, talks, babbles])
async def test_what_is_not_settled_is_spooled(
    tmp_path: Path, answer: Callable[[SocketStream], object]
) -> None:
    """Whatever listens there, what it does not ack lies in the spool, as it was sent."""
    async with stranger(tmp_path / "traced.sock", answer):
        assert await link_in(tmp_path, seconds_max=0.2).hand_over(LINE) is None

    assert spooled(tmp_path) == [LINE]


async def test_what_was_spooled_counts_once(tmp_path: Path) -> None:
    """An event that the daemon committed without our hearing of it is a duplicate in the spool."""
    link = link_in(tmp_path, "t")
    assert await link.hand_over(LINE) is None
    async with running(tmp_path) as daemon:
        with anyio.fail_after(30):
            while names_in(tmp_path / "spool"):
                await anyio.sleep(0.01)

        assert await link.hand_over(LINE) == Ack("duplicate")
        assert daemon.names == ["n1"]


async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """Where neither the daemon nor the spool takes it, the sender hears so."""
    (tmp_path / "spool").write_text("no folder")

    with pytest.raises(OSError, match="spool"):
        await link_in(tmp_path).hand_over(LINE)


async def test_a_rejection_has_its_reason(tmp_path: Path) -> None:
    """What the daemon rejects is settled too: it says why."""
    line = json.dumps(json.loads(LINE) | {"step_order": -1}).encode() + b"\n"
    line = b'{"v":1,"ack":true,' + line[len(b'{"v": 1, "ack": true, ') :]
    async with running(tmp_path):
        ack = await link_in(tmp_path, "t").hand_over(line)

    assert ack is not None
    assert (ack.status, ack.reason) == ("rejected", "bad_field")
