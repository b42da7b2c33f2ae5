"""
Retention: sessions that are too old or too many are removed while events come in.

Law: a session is hidden in one statement and then deleted in slices, and nobody waits for that.
What a crash or a stop leaves undone is done after the next start.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.to_thread
import structlog
from msgspec import Struct

from traced.core.errors import StoreError
from traced.core.wire import Control
from traced.ingest.slices import GENTLE, Shares, Slices
from traced.store import removal, retention
from traced.store.reader import ReadConnection, open_reader
from traced.store.retention import Doomed, Limits, Plan
from traced.store.store import Store

# Soon after the start, but not beside the spool that is taken in first.
FIRST_SECONDS: Final = 60.0
HOUR_SECONDS: Final = 3600.0
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

log = structlog.get_logger()

T = TypeVar("T")


class Removed(Struct):
    """What one run removed, and the file's size before and after it."""

    sessions: int = 0
    steps: int = 0
    rejected: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    unmet: str | None = None


class Told(Struct):
    """
    What `status` tells: totals since the start, and how the last run went.

    A run that was asked for is over when `requests_done` has come to its number. `unmet` says which
    limit could not be met, `failure` why the last run could not go on.
    """

    sessions_removed: int = 0
    steps_removed: int = 0
    rejected_removed: int = 0
    unmet: str | None = None
    failure: str | None = None
    requests_done: int = 0
    last: Removed | None = None


class Retention:
    """
    Removes what is over the limits, hourly and when it is asked to.

    `received` tells how many events ever came; `limits` may be replaced at any time.
    """

    def __init__(self, store: Store, db: Path, limits: Limits, received: Callable[[], int]) -> None:
        self.limits = limits
        self.told = Told()
        self._store = store
        self._db = db
        self._received = received
        self._asked: list[tuple[Limits, Sequence[int]]] = []
        self._requests = 0
        self._wanted = anyio.Event()

    def ask(self, limits: Limits, rejected_ids: Sequence[int] = ()) -> int:
        """Let a run with these limits, and of these rows, come next; return its number, from 1."""
        self._asked.append((limits, rejected_ids))
        self._requests += 1
        self._wanted.set()
        return self._requests

    def answer(self, control: Control) -> dict[str, object]:
        """
        Return what a ``prune`` is answered: the number of its run, or the error.

        A sender that means another database gets an error, because removing cannot be undone.
        """
        if control.db is None or Path(control.db).resolve() != self._db.resolve():
            return {"error": f"db is {control.db}, expected {self._db}, which this daemon writes"}
        limits = Limits(control.age_ms_max, control.bytes_max)
        return {"request": self.ask(limits, control.rejected_ids)}

    async def watch(self, first: float = FIRST_SECONDS, pause: float = HOUR_SECONDS) -> None:
        """Run soon after the start and then hourly, and whenever it is asked for, without end."""
        seconds = first
        while True:
            with anyio.move_on_after(seconds):
                await self._wanted.wait()
            seconds = pause
            asked, self._asked, self._wanted = self._asked, [], anyio.Event()
            for limits, rejected_ids in asked:
                await self._run(limits, rejected_ids, free_bytes_kept=0)
            if not asked:
                await self._run(self.limits, (), free_bytes_kept=FREE_BYTES_KEPT)
            self.told.requests_done += len(asked)

    async def _run(self, limits: Limits, rejected_ids: Sequence[int], free_bytes_kept: int) -> None:
        told = self.told
        run = Run(self._store, self._db, self._received, free_bytes_kept=free_bytes_kept)
        try:
            removed = await run.remove(limits, rejected_ids)
        except StoreError as error:  # what is not done is left to the next run
            told.failure = str(error)
            log.warning("retention_failed", error=str(error))
            return
        told.failure, told.unmet, told.last = None, removed.unmet, removed
        told.sessions_removed += removed.sessions
        told.steps_removed += removed.steps
        told.rejected_removed += removed.rejected
        if removed.sessions or removed.steps or removed.rejected:
            log.info(
                "retention",
                sessions=removed.sessions,
                steps=removed.steps,
                rejected=removed.rejected,
                database_bytes_before=removed.bytes_before,
                database_bytes=removed.bytes_after,
            )
        if removed.unmet is not None:
            log.warning("retention_limit_unmet", why=removed.unmet)


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
        """Ask a reader in a thread of its own, so that the writer's is not kept busy."""

        def answer() -> T:
            with closing(open_reader(self._db)) as connection:
                return question(connection)

        return await anyio.to_thread.run_sync(answer)


def _groups(sessions: Sequence[Doomed]) -> Iterator[Sequence[Doomed]]:
    """Cut a plan into what is hidden together."""
    for start in range(0, len(sessions), HIDDEN_MAX):
        yield sessions[start : start + HIDDEN_MAX]
