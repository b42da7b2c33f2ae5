"""
The loop: read a slice, deliver it, note the place; until told to stop.

Law: the place is noted after the backend took the spans, so what a stop or a crash cuts short is
sent again. While the backend takes nothing, nothing is held but the place: each try reads the slice
anew.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import anyio
import structlog
from msgspec.structs import replace

from traced.core.errors import StoreError
from traced.forward.backoff import Backoff
from traced.forward.delivery import Delivered, HeldBack, Send, deliver
from traced.forward.family import SETTLE_MS, Moment, Telling
from traced.forward.gather import Slice, gather
from traced.forward.progress import Progress, save
from traced.store.bounded import bounded_reader

POLL_SECONDS: Final = 1.0
READ_SECONDS_MAX: Final = 30.0
TELL_SECONDS: Final = 60.0
# Some five minutes of waiting. A backend that was restarted is back by then.
SUSPECTING_FAILURES: Final = 10

log = structlog.get_logger()


class Forwarder:
    """Brings what a database holds to one backend; `path` is where it notes its progress."""

    def __init__(
        self, database: Path, path: Path, progress: Progress, telling: Telling, send: Send
    ) -> None:
        self.progress = progress
        self._database = database
        self._path = path
        self._telling = telling
        self._send = send
        self._backoff = Backoff()
        self._tally = _Tally()

    async def once(self) -> None:
        """
        Send everything that can be sent now.

        Raises:
            HeldBack: If the backend takes nothing.
            StoreError: If the database cannot be read, or the progress not noted.
        """
        # Whoever asks for what there is waits for nothing.
        while await self._go_on(settle_ms=0):
            pass
        self._tally.tell()

    async def forever(self) -> None:
        """Send everything, and what comes; wait for whatever does not work just now."""
        while True:
            try:
                has_more = await self._go_on()
            except HeldBack as held:
                await self._wait("backend_waited_for", held.why, held.retry_after_seconds)
            except StoreError as error:
                await self._wait("database_waited_for", str(error), None)
            else:
                if self._backoff.succeeded():
                    log.info("forwarding_again", endpoint=self.progress.endpoint)
                if not has_more:
                    await anyio.sleep(POLL_SECONDS)

    def stopped(self) -> None:
        """Tell what was not told yet."""
        self._tally.tell()
        log.info("stopped")

    async def _go_on(self, settle_ms: int = SETTLE_MS) -> bool:
        """Bring the next slice to the backend; return whether there is more."""
        found = await anyio.to_thread.run_sync(self._read, settle_ms)
        if found.is_anew:
            log.warning("database_replaced", database=str(self._database))
        suspected = self._backoff.failures >= SUSPECTING_FAILURES
        delivered = await deliver(self._send, found.spans, suspected=suspected)
        self._tally.add(delivered)
        before, now = self.progress, _now()
        if found.cursor != before.cursor or before.held_since is not None:
            self.progress = replace(
                before,
                cursor=found.cursor,
                spans_sent=before.spans_sent + delivered.sent,
                spans_rejected=before.spans_rejected + delivered.rejected,
                last_sent_at=now if delivered.sent else before.last_sent_at,
                held_since=None,
                held_why=None,
            )
            save(self._path, self.progress)
        return found.has_more

    def _read(self, settle_ms: int) -> Slice:
        with bounded_reader(self._database, READ_SECONDS_MAX) as connection:
            moment = Moment(time.time_ns() // 1_000_000, settle_ms)
            return gather(connection, self.progress.cursor, self._telling, moment)

    async def _wait(self, event: str, why: str, retry_after_seconds: float | None) -> None:
        seconds = self._backoff.failed(retry_after_seconds)
        log.warning(event, why=why, retry_seconds=round(seconds, 1))
        since = self.progress.held_since or _now()
        self.progress = replace(self.progress, held_since=since, held_why=why)
        try:
            save(self._path, self.progress)
        except StoreError as error:
            log.warning("progress_not_noted", why=str(error))
        await anyio.sleep(seconds)


class _Tally:
    """Tells of what was sent, at most once a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told_at = -TELL_SECONDS
        self._sent = self._rejected = 0

    def add(self, delivered: Delivered) -> None:
        self._sent += delivered.sent
        self._rejected += delivered.rejected
        if self._clock() - self._told_at >= TELL_SECONDS:
            self.tell()

    def tell(self) -> None:
        if self._sent or self._rejected:
            log.info("spans_sent", count=self._sent, rejected=self._rejected)
            self._sent = self._rejected = 0
            self._told_at = self._clock()


def _now() -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return now.replace("+00:00", "Z")
