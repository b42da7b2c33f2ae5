import anyio
from support.house import turns, until

from traced.ingest.pace import Pace


async def test_a_look_comes_again_after_its_pause() -> None:
    """And again, without end."""
    looks: list[None] = []

    async def look() -> None:
        looks.append(None)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Pace(0.001).keep, look)
        await until(lambda: len(looks) > 3, "looks")
        tasks.cancel_scope.cancel()


async def test_who_pauses_is_woken_for_a_new_pace() -> None:
    """An hour that was begun is not waited for, and the next pause is the new one."""
    looks: list[None] = []

    async def look() -> None:
        looks.append(None)

    pace = Pace(3600)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pace.keep, look)
        await until(lambda: len(looks) == 1, "the first look")
        await turns()
        assert len(looks) == 1
        pace.change(0.001)
        await until(lambda: len(looks) > 3, "looks at the new pace")
        tasks.cancel_scope.cancel()


async def test_a_look_goes_through_while_the_pace_changes() -> None:
    """What it has begun is not cut short."""
    may_end = anyio.Event()
    ended: list[None] = []

    async def look() -> None:
        await may_end.wait()
        ended.append(None)

    pace = Pace(3600)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pace.keep, look)
        await turns()
        pace.change(0.001)
        await turns()
        may_end.set()
        await until(lambda: len(ended) > 1, "looks at the new pace")
        tasks.cancel_scope.cancel()


async def test_a_watch_is_run_anew_at_a_new_pace() -> None:
    """One at a time, each with the pace that holds."""
    running: list[float] = []
    begun: list[float] = []

    async def watch(seconds: float) -> None:
        begun.append(seconds)
        running.append(seconds)
        try:
            await anyio.sleep_forever()
        finally:
            running.remove(seconds)

    pace = Pace(1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pace.hand_on, watch)
        await until(lambda: begun == [1], "the first")
        pace.change(2)
        await until(lambda: begun == [1, 2], "the second")
        pace.change(3)
        pace.change(4)
        await until(lambda: begun[-1] == 4, "the last")
        assert running == [4]
        tasks.cancel_scope.cancel()
    assert running == []
