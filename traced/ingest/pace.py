"""
What is looked at again and again, at a pace that a reload can change.

Law: a new pace holds at once, also for who sleeps at the old one.
"""

from collections.abc import Awaitable, Callable, Coroutine

import anyio


class Pace:
    """A pause in seconds, shared by all who look at the same thing."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._changed = anyio.Event()

    def change(self, seconds: float) -> None:
        """Change the pause from now on."""
        self._seconds = seconds
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    async def keep(self, look: Callable[[], Awaitable[None]]) -> None:
        """Look and pause in turn, without end; a look goes through whatever the pace does."""
        while True:
            await look()
            with anyio.move_on_after(self._seconds):
                await self._changed.wait()

    async def hand_on(self, watch: Callable[[float], Coroutine[object, object, None]]) -> None:
        """
        Run a watch that pauses by itself; cancel and restart it when the pace changes.

        Only for a watch that loses nothing by that.
        """
        while True:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watch, self._seconds)
                await self._changed.wait()
                tasks.cancel_scope.cancel()
