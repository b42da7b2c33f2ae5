"""
What waits, translated while the batch before it is being committed.

Law: everything in the order in which it came, and no more than one batch ahead. What takes long to
read is read in a thread, so that the loop goes on.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from math import inf
from typing import Final

import anyio
import anyio.lowlevel
import anyio.to_thread
from msgspec import Struct, field

from traced.ingest.intake import Intake, Submission
from traced.ingest.translate import Translator
from traced.store.recorder import Entry

# About 3 ms of translating, and as long as the loop is kept from everything else.
SLICE_BYTES: Final = 256 * 1024
# A commit costs as much as ten events. Where one follows another and nobody waits for either, a
# few milliseconds make one of many; whoever asked for an ack, or comes rarely, waits for nobody.
LINGER_SECONDS: Final = 0.005
OFTEN_SECONDS: Final = 0.02
ENOUGH_EVENTS: Final = 250


class Translated(Struct):
    """Submissions, and one entry for each of their records."""

    submissions: list[Submission] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


class Ahead:
    """
    Takes submissions from the intake and makes the next batch of them.

    `agents_of` asks the database for the agents of session ids; it returns once it could be asked.
    """

    def __init__(
        self,
        intake: Intake,
        translator: Translator,
        agents_of: Callable[[Collection[str]], Awaitable[Mapping[str, str | None]]],
        events_max: int,
    ) -> None:
        self._intake = intake
        self._translator = translator
        self._agents_of = agents_of
        self._events_max = events_max
        self._next = Translated()
        self._arrived = anyio.Event()
        self._emptied = anyio.Event()
        self._enough = anyio.Event()
        self._batch_at = -inf
        self._over = False
        self._turn = anyio.Lock(fast_acquire=True)

    async def run(self) -> None:
        """Translate until the intake is closed and empty, or cut off."""
        try:
            unread = 0
            while submissions := await self._intake.take(self._events_max):
                for submission in submissions:
                    unread += submission.size
                    if unread > SLICE_BYTES:
                        await anyio.lowlevel.checkpoint()
                        unread = 0
                    await self._add(submission)
        finally:
            self._over = True
            self._arrived.set()
            self._enough.set()

    async def batch(self) -> Translated | None:
        """Wait for a batch, the larger the longer nobody asked; None at the end of the intake."""
        while not self._next.submissions:
            if self._over:
                return None
            self._arrived = anyio.Event()
            await self._arrived.wait()
        if not self._enough.is_set() and time.monotonic() - self._batch_at < OFTEN_SECONDS:
            with anyio.move_on_after(LINGER_SECONDS):
                await self._enough.wait()
        if self._intake.is_cut:
            return None
        self._batch_at = time.monotonic()
        self._enough = anyio.Event()
        batch, self._next = self._next, Translated()
        self._emptied.set()
        return batch

    async def between_submissions(self, change: Callable[[], None]) -> None:
        """Change what the translator works with, while no thread of ours does."""
        async with self._turn:
            change()

    async def _add(self, submission: Submission) -> None:
        entries = await self._translated(submission)
        while self._next.entries and len(self._next.entries) + len(entries) > self._events_max:
            self._enough.set()
            self._emptied = anyio.Event()
            await self._emptied.wait()
        self._next.submissions.append(submission)
        self._next.entries += entries
        self._arrived.set()
        if submission.awaited or len(self._next.entries) >= ENOUGH_EVENTS:
            self._enough.set()

    async def _translated(self, submission: Submission) -> list[Entry]:
        entries: list[Entry | None] = []
        translate = self._translator.translate
        while True:
            if submission.size <= SLICE_BYTES:
                unknown = translate(submission, entries)
            else:
                async with self._turn:
                    unknown = await anyio.to_thread.run_sync(translate, submission, entries)
            if not unknown:
                return [entry for entry in entries if entry is not None]
            self._translator.learn(unknown, await self._agents_of(unknown))
