"""
The one task that writes.

Law: it commits a batch or keeps it; nobody is answered before the commit. A database that cannot
be written is reported and retried with growing patience, and reading stops until it can.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeVar

import anyio
import structlog

from traced.core.errors import StoreBusy
from traced.core.event import Outcome
from traced.ingest.ahead import Ahead
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake, Submission
from traced.ingest.translate import Translator
from traced.store.recorder import Entry, Recorder
from traced.store.store import Store

RETRY_SECONDS_MIN: Final = 0.05
RETRY_SECONDS_MAX: Final = 5.0
# Half a millisecond instead of five: the writer's thread gets the interpreter back soon after each
# statement, which tripled the rows it inserts beside a busy event loop.
SWITCH_SECONDS: Final = 0.0005

log = structlog.get_logger()

T = TypeVar("T")

WriterState = Literal["ok", "retrying", "stopping"]


class Writer:
    """
    Takes submissions from the intake, commits them, and settles them.

    `progress` is called after each return from the database, whether it committed or said why not:
    a writer that hangs in a call makes no progress. `changed` is called when `failure` changes,
    which says why nothing can be committed just now, or is None.
    """

    def __init__(
        self,
        store: Store,
        translator: Translator,
        intake: Intake,
        figures: Figures,
        batch_events_max: int,
    ) -> None:
        self._store = store
        self._ahead = Ahead(intake, translator, self._agents_of, batch_events_max)
        self._intake = intake
        self._figures = figures
        self.state: WriterState = "ok"
        self.failure: str | None = None
        self._batches = 0
        self._stopped = anyio.Event()
        self.done = anyio.Event()
        self.progress: Callable[[], None] = _nothing
        self.changed: Callable[[], None] = _nothing

    async def run(self) -> None:
        """Write until the intake is closed and empty; `done` tells of the end, whatever it was."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._ahead.run)
                while batch := await self._ahead.batch():
                    self._batches += 1
                    told = log.bind(batch=self._batches)
                    told.debug("batch_taken", events=len(batch.entries))
                    outcomes, seconds = await self._commit(batch.entries)
                    told.debug("batch_committed", ms=round(seconds * 1000, 3))
                    self._settle(batch.submissions, outcomes)
                    told.debug("batch_answered", submissions=len(batch.submissions))
                tasks.cancel_scope.cancel()
        finally:
            self.done.set()

    async def between_submissions(self, change: Callable[[], None]) -> None:
        """Change what the translator works with, while it does not."""
        await self._ahead.between_submissions(change)

    def stop(self) -> None:
        """Tell that this is the end; what waits is still written, without long pauses."""
        self.state = "stopping"
        self._stopped.set()

    def _settle(self, submissions: Sequence[Submission], outcomes: Sequence[Outcome]) -> None:
        self._intake.settled(submissions)
        start = 0
        for submission in submissions:
            end = start + len(submission.records)
            submission.settle(outcomes[start:end])
            start = end

    async def _commit(self, entries: Sequence[Entry]) -> tuple[list[Outcome], float]:
        """Return what became of each, and the seconds that the transaction took."""
        began = time.perf_counter()

        def append(recorder: Recorder) -> list[Outcome]:
            nonlocal began
            began = time.perf_counter()
            return recorder.append(entries, time.time_ns() // 1_000_000)

        outcomes = await self._patiently(append)
        seconds = time.perf_counter() - began
        self._figures.committed(outcomes, seconds)
        _tell_rejected(outcomes)
        return outcomes, seconds

    async def _agents_of(self, session_ids: Collection[str]) -> Mapping[str, str | None]:
        return await self._patiently(lambda recorder: recorder.agents_of(session_ids))

    async def _patiently(self, work: Callable[[Recorder], T]) -> T:
        """Run work until the database could do it."""
        for patience in retry_seconds():
            try:
                result = await self._store.run(work)
            except StoreBusy as error:
                self.progress()
                self._stalled(error, patience)
                await self._pause(patience)
                continue
            self.progress()
            self._recovered()
            return result
        raise AssertionError("patience has no end")

    async def _pause(self, patience: float) -> None:
        if self._stopped.is_set():
            await anyio.sleep(RETRY_SECONDS_MIN)
            return
        with anyio.move_on_after(patience):
            await self._stopped.wait()

    def _stalled(self, error: StoreBusy, patience: float) -> None:
        if self.state == "ok":
            self.state = "retrying"
        self._intake.stall(stalled=True)
        if self.failure != str(error):
            log.error("writer_stalled", error=str(error), retry_seconds=patience)
            self.failure = str(error)
            self.changed()

    def _recovered(self) -> None:
        if self.failure is not None:
            self.failure = None
            log.info("writer_recovered")
            if self.state == "retrying":
                self.state = "ok"
            self._intake.stall(stalled=False)
            self.changed()


def retry_seconds() -> Iterator[float]:
    """Yield how long to wait after each failure in a row, without end."""
    seconds = RETRY_SECONDS_MIN
    while True:
        yield seconds
        seconds = min(seconds * 2, RETRY_SECONDS_MAX)


def take_turns_often() -> None:
    """Let the threads of this process, the event loop's and the writer's, take turns so often."""
    sys.setswitchinterval(SWITCH_SECONDS)


def _tell_rejected(outcomes: Sequence[Outcome]) -> None:
    reasons = Counter(each.reason or "" for each in outcomes if each.status == "rejected")
    if reasons:
        log.warning("events_rejected", **reasons, see="traced rejected")


def _nothing() -> None:
    """Tell nobody: nobody asked."""
