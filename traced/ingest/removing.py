"""
One run of removing: what is over the limits goes, in slices, while events come in.

Law: a session is hidden in one statement and then deleted in slices, and nobody waits for that.
What a crash or a stop leaves undone is done by the next run.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import anyio.to_thread
from msgspec import Struct

from traced.ingest.slices import GENTLE, Shares, Slices
from traced.store import removal, retention
from traced.store.reader import ReadConnection, open_reader
from traced.store.retention import Doomed, Limits, Plan
from traced.store.store import Store

# Hidden in one statement.
HIDDEN_MAX: Final = 250
# Deleted together: sessions that ran side by side have rows on the same pages.
SESSIONS_MAX: Final = 5000
# The ids of so many steps are in memory at once: 4 MiB. Then the pages that they leave are cut off
# before there are more: SQLite looks for each page of the file's end in the list of all free ones.
STEPS_MAX: Final = 100_000
# How much sessions take is estimated: after each pass the rest is measured again.
PASSES_MAX: Final = 4
# New rows take free pages first. As many as this may stay, so that a file that grows as fast as it
# is emptied is not cut off and lengthened every hour.
FREE_BYTES_KEPT: Final = 16 * 1024 * 1024

T = TypeVar("T")


class Removed(Struct):
    """What one run removed, and the file's size before and after it."""

    sessions: int = 0
    steps: int = 0
    rejected: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    unmet: str | None = None


class Run:
    """One run on an open store; `free_bytes_kept` stay in the file for new rows."""

    def __init__(
        self,
        store: Store,
        db: Path,
        received: Callable[[], int],
        *,
        shares: Shares = GENTLE,
        free_bytes_kept: int = FREE_BYTES_KEPT,
    ) -> None:
        self._db = db
        # Each kind of row and page has its own cost: the size of slices is found for each.
        self._slices = partial(Slices, store, received, shares)
        self._free_bytes_kept = free_bytes_kept
        self._removed = Removed()

    async def remove(self, limits: Limits, rejected_ids: Sequence[int] = ()) -> Removed:
        """
        Remove what is over the limits, what earlier runs left, and these rejected rows.

        Raises:
            StoreError: If the database cannot be read or written just now; the rest is left to the
                next run.
        """
        removed = self._removed
        removed.bytes_before = await self._ask(retention.file_bytes)
        await self._delete()
        for _ in range(PASSES_MAX):
            now = time.time_ns() // 1_000_000
            plan: Plan = await self._ask(partial(retention.plan, limits=limits, now=now))
            removed.unmet = plan.unmet
            if not plan.sessions:
                break
            for group in _groups(plan.sessions):
                await self._hide(group, limits, now)
            await self._delete()
        await self._delete_rejected(limits, rejected_ids)
        await self._free_pages()
        if removed.steps:
            await self._slices().do(removal.empty_log)
        removed.bytes_after = await self._ask(retention.file_bytes)
        return removed

    async def _hide(self, group: Sequence[Doomed], limits: Limits, now: int) -> None:
        pks = [each.pk for each in group]
        sessions = await self._ask(partial(retention.step_ranges, pks=pks))
        since = limits.unused_before(now)
        hide = partial(removal.hide, sessions=sessions, unused_since=since, now=now)
        self._removed.sessions += len((await self._slices().do(hide)).hidden)

    async def _delete(self) -> None:
        """Delete all that is hidden, and stop where that gets no further."""
        steps, others = self._slices(), self._slices()
        while True:
            pks, ids = await self._ask(
                partial(retention.step_ids, sessions_max=SESSIONS_MAX, steps_max=STEPS_MAX)
            )
            rows = 0
            for some in steps.cut(ids):
                rows += (await steps.do(partial(removal.delete_steps, ids=some))).rows
            self._removed.steps += rows
            if pks and not ids:
                rest = partial(removal.delete_rest, pks=pks, rows_max=others.rows)
                rows = (await others.do(rest)).rows
            if not rows:
                return
            await self._free_pages()

    async def _delete_rejected(self, limits: Limits, ids: Sequence[int]) -> None:
        slices = self._slices()
        for some in slices.cut(ids):
            done = await slices.do(partial(removal.delete_rejected_rows, ids=some))
            self._removed.rejected += done.rows
        before = limits.too_old_before(time.time_ns() // 1_000_000)
        while before is not None:
            old = partial(removal.delete_rejected, before=before, rows_max=slices.rows)
            done = await slices.do(old)
            self._removed.rejected += done.rows
            if not done.rows:
                return

    async def _free_pages(self) -> None:
        slices, kept = self._slices(), self._free_bytes_kept
        rows = 1
        while rows:
            free = partial(removal.free_pages, pages_max=slices.rows, bytes_kept=kept)
            rows = (await slices.do(free)).rows

    async def _ask(self, question: Callable[[ReadConnection], T]) -> T:
        return await ask_reader(self._db, question)


async def ask_reader(db: Path, question: Callable[[ReadConnection], T]) -> T:
    """Ask a reader in a thread of its own, so that the writer's is not kept busy."""

    def answer() -> T:
        with closing(open_reader(db)) as connection:
            return question(connection)

    return await anyio.to_thread.run_sync(answer)


def _groups(sessions: Sequence[Doomed]) -> Iterator[Sequence[Doomed]]:
    """Cut a plan into what is hidden together."""
    for start in range(0, len(sessions), HIDDEN_MAX):
        yield sessions[start : start + HIDDEN_MAX]
