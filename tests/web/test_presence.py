"""Whether a daemon records, as streams tell it."""

from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketStream
from support.daemon import DEADLINE_SECONDS
from support.web import link_in, running

from traced.web import presence
from traced.web.presence import Presence


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks again at once."""
    monkeypatch.setattr(presence, "ASK_SECONDS", 0.0)


async def until(followed: Presence, state: str) -> None:
    """Wait until it says so."""
    with anyio.fail_after(DEADLINE_SECONDS):
        while followed.state != state:
            await anyio.sleep(0.001)


async def test_a_daemon_comes_and_goes(tmp_path: Path) -> None:
    """Its state is known soon after."""
    followed = Presence(link_in(tmp_path, "t"))
    assert followed.state is None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(followed.follow)
        await until(followed, "away")
        async with running(tmp_path):
            await until(followed, "ok")
        await until(followed, "away")
        tasks.cancel_scope.cancel()


async def test_many_ask_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many streams are open, the daemon is asked once in a while."""
    monkeypatch.setattr(presence, "ASK_SECONDS", DEADLINE_SECONDS)
    asked = 0

    async def answer(client: SocketStream) -> None:
        nonlocal asked
        asked += 1
        async with client:
            await client.send(b'{"control":"status","status":"ok","state":"retrying"}\n')

    followed = Presence(link_in(tmp_path))
    listener = await anyio.create_unix_listener(tmp_path / "traced.sock")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        for _ in range(20):
            tasks.start_soon(followed.follow)
        await until(followed, "retrying")
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()

    assert asked == 1
