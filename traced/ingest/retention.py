"""
Retention: sessions that are too old or too many are removed, hourly and when somebody asks.

Law: what nobody asked for is not removed by a clock that may be wrong.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog
from msgspec import Struct

from traced.core.errors import StoreError
from traced.core.wire import Control
from traced.ingest.even_clock import EvenClock
from traced.ingest.removing import FREE_BYTES_KEPT, Removed, Run, ask_reader
from traced.store import retention
from traced.store.retention import Limits
from traced.store.store import Store

# Soon after the start, but not beside the spool that is taken in first.
FIRST_SECONDS: Final = 60.0
HOUR_SECONDS: Final = 3600.0

log = structlog.get_logger()


class Told(Struct):
    """
    What `status` tells: totals since the start, and how the last run went.

    A run that was asked for is over when `requests_done` has come to its number. `unmet` says which
    limit could not be met, `put_off` why removal by age waits, `failure` why the last run could not
    go on.
    """

    sessions_removed: int = 0
    steps_removed: int = 0
    rejected_removed: int = 0
    unmet: str | None = None
    put_off: str | None = None
    failure: str | None = None
    requests_done: int = 0
    last: Removed | None = None


class Retention:
    """
    Removes what is over the limits, hourly and when it is asked to.

    `received` tells how many events ever came; `limits` may be replaced at any time.
    """

    def __init__(
        self,
        store: Store,
        db: Path,
        limits: Limits,
        received: Callable[[], int],
        clock: EvenClock | None = None,
    ) -> None:
        self.limits = limits
        self.told = Told()
        self._store = store
        self._db = db
        self._received = received
        self._clock = clock or EvenClock()
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
                await self._run_unasked()
            self.told.requests_done += len(asked)

    async def _run_unasked(self) -> None:
        limits, clock = self.limits, self._clock.read()
        question = partial(
            retention.doubt, limits=limits, now=clock.now, even_since=clock.even_since
        )
        try:
            doubt = await ask_reader(self._db, question)
        except StoreError as error:
            self._fail(error)
            return
        if doubt is not None:
            limits = Limits(None, limits.bytes_max)
            if self.told.put_off is None:
                log.warning("retention_put_off", why=doubt)
        self.told.put_off = doubt
        await self._run(limits, (), free_bytes_kept=FREE_BYTES_KEPT)

    async def _run(self, limits: Limits, rejected_ids: Sequence[int], free_bytes_kept: int) -> None:
        told = self.told
        run = Run(self._store, self._db, self._received, free_bytes_kept=free_bytes_kept)
        try:
            removed = await run.remove(limits, rejected_ids)
        except StoreError as error:  # what is not done is left to the next run
            self._fail(error)
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

    def _fail(self, error: StoreError) -> None:
        self.told.failure = str(error)
        log.warning("retention_failed", error=str(error))
