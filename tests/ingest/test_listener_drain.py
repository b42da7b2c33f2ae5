from pathlib import Path

import anyio
import pytest
from support.house import House, acked, house, until

from traced.ingest import listener


async def drained(one: House, path: Path | None) -> None:
    """Drain, with a writer that settles what comes."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.settle_all)
        with anyio.fail_after(20):
            await one.listener.drain(path)
        tasks.cancel_scope.cancel()


async def test_the_socket_of_others_keeps_its_file(short_folder: Path) -> None:
    """It is the service manager's: who comes waits in the kernel for the next daemon."""
    async with house(short_folder) as one:
        await drained(one, None)

        assert one.path.is_socket()


@pytest.mark.parametrize("is_passed", [False, True])
async def test_first_words_are_waited_for(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch, *, is_passed: bool
) -> None:
    """Who has just connected and is about to send is not cut off."""
    monkeypatch.setattr(listener, "LAST_WORDS_SECONDS", 20.0)
    async with house(short_folder) as one, anyio.create_task_group() as tasks:
        client = await one.client()
        await until(lambda: len(one.listener) == 1, "it to be accepted")
        tasks.start_soon(drained, one, None if is_passed else one.path)
        await until(lambda: one.listener._sock is None, "nobody more to be accepted")
        await client.stream.send(acked(1))

        assert (await client.answer())["status"] == "stored"


async def test_the_end_of_a_line_is_waited_for(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has sent half of its line, and is about to send the rest, is not cut off."""
    monkeypatch.setattr(listener, "LAST_WORDS_SECONDS", 20.0)
    line = acked(1)
    async with house(short_folder) as one, anyio.create_task_group() as tasks:
        client = await one.client()
        await client.stream.send(line[:20])
        await until(
            lambda: [each._protocol.partial_bytes for each in one.listener._connections] == [20],
            "half a line to be read",
        )
        tasks.start_soon(drained, one, one.path)
        await until(lambda: one.listener._sock is None, "nobody more to be accepted")
        await client.stream.send(line[20:])

        assert (await client.answer())["status"] == "stored"


async def test_who_says_nothing_holds_nothing_up(short_folder: Path) -> None:
    """An idle client is closed after a moment."""
    async with house(short_folder) as one:
        await one.client()
        await until(lambda: len(one.listener) == 1, "it to be accepted")
        await drained(one, one.path)

        assert len(one.listener) == 0
