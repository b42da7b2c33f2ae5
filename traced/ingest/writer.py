"""
The one task that writes.

Law: it commits a batch or keeps it; nobody is answered before the commit. A database that cannot
be written is told about, retried with growing patience, and reading stops until it can.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Literal

import aiosqlite
import anyio
import structlog

from traced.core.errors import StoreBusy
from traced.core.event import Outcome
from traced.ingest.fault import fault
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake, Submission
from traced.ingest.translate import Translator
from traced.store.database import run_in_writer_thread
from traced.store.recorder import Entry, Recorder

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
        connection: aiosqlite.Connection,
        recorder: Recorder,
        translator: Translator,
        intake: Intake,
        figures: Figures,
        batch_events_max: int,
    ) -> None:
        self._connection = connection
        self._recorder = recorder
        self._translator = translator
        self._intake = intake
        self._figures = figures
        self._batch_events_max = batch_events_max
        self.state: WriterState = "ok"
        self._failing = False
        self.done = anyio.Event()
        self.progress: Callable[[], None] = _nothing

    async def run(self) -> None:
        """Write until the intake is closed and empty."""
        while submissions := await self._intake.take(self._batch_events_max):
            outcomes = await self._commit(submissions)
            self._intake.settled(submissions)
            start = 0
            for submission in submissions:
                end = start + len(submission.records)
                submission.settle(outcomes[start:end])
                start = end
        self.done.set()

    def stop(self) -> None:
        """Tell that this is the end; what waits is still written."""
        self.state = "stopping"

    async def _commit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        entries: list[Entry] = []
        patience = RETRY_SECONDS_MIN
        while True:
            began = time.perf_counter()
            # Cancelling would not cancel the statement, so the batch goes through whole.
            with anyio.CancelScope(shield=True):
                result = await run_in_writer_thread(
                    self._connection, self._translate_and_append, submissions, entries
                )
            self.progress()
            if not isinstance(result, StoreBusy):
                seconds = time.perf_counter() - began
                self._figures.committed(result, seconds)
                self._recovered()
                _tell_rejected(result)
                return result
            self._stalled(result, patience)
            await anyio.sleep(patience)
            patience = min(patience * 2, RETRY_SECONDS_MAX)

    def _translate_and_append(
        self, submissions: Sequence[Submission], entries: list[Entry]
    ) -> list[Outcome] | StoreBusy:
        """Run in the connection's thread; `entries` outlives a failure, so that is done once."""
        try:
            if not entries:
                entries += [
                    entry
                    for submission in submissions
                    for entry in self._translator.entries(submission)
                ]
            return self._recorder.append(entries, time.time_ns() // 1_000_000)
        except StoreBusy as error:
            return error
        except Exception as error:  # noqa: BLE001  # kept and told: a daemon that dies of a batch
            return StoreBusy(fault(error))  # would die of it again, as its senders spool it

    def _stalled(self, error: StoreBusy, patience: float) -> None:
        if not self._failing:
            log.error("writer_stalled", error=str(error), retry_seconds=patience)
            self._failing = True
        if self.state == "ok":
            self.state = "retrying"
        self._intake.stall(stalled=True)

    def _recovered(self) -> None:
        if self._failing:
            self._failing = False
            log.info("writer_recovered")
            if self.state == "retrying":
                self.state = "ok"
            self._intake.stall(stalled=False)


def _tell_rejected(outcomes: Sequence[Outcome]) -> None:
    reasons = Counter(each.reason or "" for each in outcomes if each.status == "rejected")
    if reasons:
        log.warning("events_rejected", **reasons, see="traced rejected")


def _nothing() -> None:
    """Take note of no progress: nobody asked for it."""
