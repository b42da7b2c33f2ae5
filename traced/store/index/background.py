"""
The background task that keeps the companion: when it works, and when it rests.

Law: recording comes first. It works a slice at a time in a thread, whose statements hold no lock
of the interpreter, and rests after each for as long as the daemon's own work needs.
"""

from collections.abc import Callable
from typing import Final

import anyio
import anyio.lowlevel
import anyio.to_thread
import structlog

from traced.core.errors import StoreError
from traced.store.index.indexer import Indexer

# How long it rests after a slice, as a multiple of what that took. Where events wait, words can be
# made later; tallies keep up, for whoever asks meanwhile has to count what is missing himself.
REST_IDLE: Final = 1.0
REST_BUSY: Final = {"tallies": 3.0, "words": 19.0}
PAUSE_SECONDS: Final = 1.0
FAILED_PAUSE_SECONDS: Final = 60.0

log = structlog.get_logger()


class Background:
    """
    Runs an indexer for as long as its task does.

    `is_busy` tells whether events wait; `may_work` whether the database can be used at all.
    """

    def __init__(
        self, indexer: Indexer, is_busy: Callable[[], bool], may_work: Callable[[], bool]
    ) -> None:
        self._indexer = indexer
        self._is_busy = is_busy
        self._may_work = may_work
        self._failure: str | None = None

    async def run(self) -> None:
        """Work and rest without end; cancelled, it ends within the statement that runs."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._interrupt_at_the_end)
                rest = 0.0
                while True:
                    await anyio.sleep(rest)
                    rest = await self._slice()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._indexer.close)

    async def _slice(self) -> float:
        """Do a slice of work; return how long to rest, in seconds."""
        if not self._may_work():
            # The recorder may have to open other files at the same path, and gets the index of the
            # old log as long as anybody of this process has it open.
            await anyio.to_thread.run_sync(self._indexer.close)
            return PAUSE_SECONDS
        began = anyio.current_time()
        try:
            done = await anyio.to_thread.run_sync(self._indexer.work)
        except StoreError as error:
            await anyio.lowlevel.checkpoint()  # at the end it was interrupted, which is no failure
            self._tell(str(error))
            return FAILED_PAUSE_SECONDS
        self._tell(None)
        if done is None:
            return PAUSE_SECONDS
        took = anyio.current_time() - began
        return took * (REST_BUSY[done] if self._is_busy() else REST_IDLE)

    async def _interrupt_at_the_end(self) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            self._indexer.interrupt()

    def _tell(self, failure: str | None) -> None:
        if failure == self._failure:
            return
        if failure is not None:
            log.warning("index_failed", error=failure, retry_seconds=FAILED_PAUSE_SECONDS)
        else:
            log.info("index_recovered")
        self._failure = failure
