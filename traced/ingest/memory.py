"""
Memory that many events took goes back to the system when they are done.

Law: only when little comes, and only caches are emptied, which fill again.
"""

import ctypes
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import anyio
import anyio.to_thread

from traced.core.errors import StoreBusy
from traced.store.recorder import Recorder
from traced.store.store import Store

LOOK_SECONDS: Final = 0.5
# Fewer take too little to be worth the pages that have to be read again.
TAKEN_EVENTS_MIN: Final = 1000
CALM_EVENTS_MAX: Final = 25
# Of M_ARENA_MAX, mallopt(3). One for the loop and one for the threads that take turns with it:
# glibc would make eight for each core, and what one of them holds no other can use.
_ARENA_MAX: Final = -8
_ARENAS: Final = 2


class Memory:
    """`received` counts the events so far."""

    def __init__(
        self, store: Store, received: Callable[[], int], seconds: float = LOOK_SECONDS
    ) -> None:
        self._store = store
        self._received = received
        self._seconds = seconds
        self._seen = 0
        self._given_back_at = 0

    async def watch(self) -> None:
        """Give back what starting took, then look again and again; never returns."""
        await anyio.to_thread.run_sync(give_back)
        while True:
            await anyio.sleep(self._seconds)
            await self.look()

    async def look(self) -> bool:
        """Give back what was taken since the last time, unless more is coming; return if it did."""
        received = self._received()
        came, self._seen = received - self._seen, received
        if came > CALM_EVENTS_MAX or received - self._given_back_at < TAKEN_EVENTS_MIN:
            return False
        self._given_back_at = received
        with suppress(StoreBusy):  # the writer tells of it
            await self._store.run(Recorder.empty_page_cache)
        await anyio.to_thread.run_sync(give_back)
        return True


def keep_together() -> bool:
    """
    Let all threads that are started from now on share memory; return whether the library can.

    A burst of 300,000 events took 32 MiB without it and 23 MiB with it, at the same rate.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    return choose is not None and bool(choose(_ARENA_MAX, _ARENAS))


def give_back() -> bool:
    """
    Let the C library return what it keeps for later; return whether it can.

    glibc does so by itself only at the end of its heap, and one small object there keeps it all:
    malloc_trim(3).
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))
