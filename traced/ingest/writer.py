"""
The one task that writes.

Law: it commits a batch or keeps it; nobody is answered before the commit. A database that cannot
be written is told about, retried with growing patience, and reading stops until it can.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Literal

import anyio
import structlog

from traced.core.errors import StoreBusy
from traced.core.event import Outcome
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake, Submission
from traced.ingest.translate import Translator
from traced.store.recorder import Entry, Recorder
from traced.store.store import Store

RETRY_SECONDS_MIN: Final = 0.05
RETRY_SECONDS_MAX: Final = 5.0

log = structlog.get_logger()

WriterState = Literal["ok", "retrying", "stopping"]


class Writer:
    """
    Takes submissions from the intake, commits them, and settles them.

    `progress` is called after each return from the database, whether it committed or said why not:
    a writer that hangs in a call makes no progress.
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
        self._translator = translator
        self._intake = intake
        self._figures = figures
        self._batch_events_max = batch_events_max
        self.state: WriterState = "ok"
        self._failure: str | None = None
        self._stopped = anyio.Event()
        self.done = anyio.Event()
        self.progress: Callable[[], None] = _nothing

    async def run(self) -> None:
        """Write until the intake is closed and empty; `done` tells of the end, whatever it was."""
        try:
            while submissions := await self._intake.take(self._batch_events_max):
                outcomes = await self._commit(submissions)
                self._intake.settled(submissions)
                start = 0
                for submission in submissions:
                    end = start + len(submission.records)
                    submission.settle(outcomes[start:end])
                    start = end
        finally:
            self.done.set()

    def stop(self) -> None:
        """Tell that this is the end; what waits is still written, without long pauses."""
        self.state = "stopping"
        self._stopped.set()

    async def _commit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        work = partial(self._translate_and_append, submissions, [])
        for patience in retry_seconds():
            began = time.perf_counter()
            try:
                outcomes = await self._store.run(work)
            except StoreBusy as error:
                self.progress()
                self._stalled(error, patience)
                await self._pause(patience)
                continue
            self.progress()
            self._figures.committed(outcomes, time.perf_counter() - began)
            self._recovered()
            _tell_rejected(outcomes)
            return outcomes
        raise AssertionError("patience has no end")

    def _translate_and_append(
        self, submissions: Sequence[Submission], entries: list[Entry], recorder: Recorder
    ) -> list[Outcome]:
        """Run in the database's thread; `entries` outlives a failure, so that is done once."""
        if not entries:
            entries += [
                entry
                for submission in submissions
                for entry in self._translator.entries(submission)
            ]
        return recorder.append(entries, time.time_ns() // 1_000_000)

    async def _pause(self, patience: float) -> None:
        if self._stopped.is_set():
            await anyio.sleep(RETRY_SECONDS_MIN)
            return
        with anyio.move_on_after(patience):
            await self._stopped.wait()

    def _stalled(self, error: StoreBusy, patience: float) -> None:
        if self._failure != str(error):
            log.error("writer_stalled", error=str(error), retry_seconds=patience)
            self._failure = str(error)
        if self.state == "ok":
            self.state = "retrying"
        self._intake.stall(stalled=True)

    def _recovered(self) -> None:
        if self._failure is not None:
            self._failure = None
            log.info("writer_recovered")
            if self.state == "retrying":
                self.state = "ok"
            self._intake.stall(stalled=False)


def retry_seconds() -> Iterator[float]:
    """Yield how long to wait after each failure in a row, without end."""
    seconds = RETRY_SECONDS_MIN
    while True:
        yield seconds
        seconds = min(seconds * 2, RETRY_SECONDS_MAX)


def _tell_rejected(outcomes: Sequence[Outcome]) -> None:
    reasons = Counter(each.reason or "" for each in outcomes if each.status == "rejected")
    if reasons:
        log.warning("events_rejected", **reasons, see="traced rejected")


def _nothing() -> None:
    """Take note of no progress: nobody asked for it."""
