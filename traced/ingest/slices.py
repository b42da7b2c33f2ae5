"""
Removing at leisure: slices of work for the writer's thread, between its batches.

Law: a slice is sized by the time that the last one took, and after each the thread belongs to the
events again for several times as long, so that ingestion keeps its rate and no ack waits for long.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import anyio

from traced.store import removal
from traced.store.recorder import Recorder
from traced.store.removal import Slice, Work
from traced.store.store import Store

SLICE_SECONDS: Final = 0.02
# Beside a full load a transaction takes 10 ms whatever it does: fewer rows would only make more.
ROWS_MIN: Final = 250
ROWS_MAX: Final = 1000
ROWS_AT_FIRST: Final = 250
# Then their pages are copied into the file. Left to the batch whose commit fills the log, four
# thousand scattered pages are copied at once, and that batch waits 76 ms and more; these take 20.
SLICES_A_COPY: Final = 8


class Shares(NamedTuple):
    """Which part of the thread's time goes into slices, while events come and while none do."""

    busy: float
    idle: float


# A tenth cost a sender that fills the thread a fifth of its rate on two cores (caches, and copying
# the pages): so half of that. A million rows take five minutes then, or half of one without events.
GENTLE: Final = Shares(0.05, 0.5)
# Nobody else uses the database.
ALONE: Final = Shares(1.0, 1.0)


class Slices:
    """`received` tells how many events ever came: it is busy where some came since last time."""

    def __init__(self, store: Store, received: Callable[[], int], shares: Shares = GENTLE) -> None:
        self._store = store
        self._received = received
        self._received_before = received()
        self._shares = shares
        self._slices = 0
        self.rows = ROWS_AT_FIRST

    async def do(self, work: Work) -> Slice:
        """
        Do one slice, then pause; after some also copy what they wrote from the log into the file.

        `rows` is how many rows the next one may concern.

        Raises:
            StoreBusy: If the database cannot be written just now.
        """
        done, seconds = await self._one(work)
        if done.rows:
            self._slices += 1
            if self._slices % SLICES_A_COPY == 0:
                await self._one(removal.copy_log)
            faster = min(2.0, max(0.5, SLICE_SECONDS / max(seconds, 1e-6)))
            self.rows = round(min(ROWS_MAX, max(ROWS_MIN, self.rows * faster)))
        return done

    def cut(self, values: Sequence[int]) -> Iterator[Sequence[int]]:
        """Cut a sequence into pieces of as many `rows` as fit a slice when the piece is taken."""
        start = 0
        while piece := values[start : start + self.rows]:
            yield piece
            start += len(piece)

    async def _one(self, work: Work) -> tuple[Slice, float]:
        done, seconds = await self._store.run(lambda recorder: _timed(recorder, work))
        received = self._received()
        share = self._shares.idle if received == self._received_before else self._shares.busy
        self._received_before = received
        await anyio.sleep(seconds * (1 / share - 1))
        return done, seconds


def _timed(recorder: Recorder, work: Work) -> tuple[Slice, float]:
    began = time.perf_counter()
    done = recorder.remove(work)
    return done, time.perf_counter() - began
