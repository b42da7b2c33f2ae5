"""
The daemon's end: what brings it about, how long it may take, and what is saved by then.

Law: what was read is stored in the time there is. What is not in the database when the time is up
goes back to the spool; where the database is another daemon's by then, that is all.
"""

import math
from pathlib import Path
from typing import Final

import anyio
import structlog

from traced.core.errors import AlreadyRunning, EventsLost
from traced.heartbeat import Heartbeat
from traced.ingest import minute
from traced.ingest.handback import hand_back
from traced.ingest.locks import Lock, keep_database
from traced.reload import Reloader
from traced.rooms import Rooms
from traced.signals import Signals

INTERRUPT_SECONDS: Final = 0.05
# Beyond the time to drain: handing back to the spool, the last checkpoint.
STOP_SECONDS: Final = 10.0
# To read what waits takes milliseconds; beyond that it would be waiting for what is not coming.
OUSTED_DRAIN_SECONDS_MAX: Final = 1.0

log = structlog.get_logger()


class End:
    """
    First `at_signal` or `if_ousted`, then `drain`, `cut_short`, `hand_back`, `check`.

    `reloader` holds the settings of that moment.
    """

    def __init__(self, rooms: Rooms, heartbeat: Heartbeat, reloader: Reloader) -> None:
        self._rooms = rooms
        self._heartbeat = heartbeat
        self._reloader = reloader
        self._stop_at = math.inf
        self._ousted: AlreadyRunning | None = None
        self._lost = 0

    async def at_signal(self, signals: Signals, recording: anyio.CancelScope) -> None:
        """Wait for a signal that ends the daemon, and end `recording`."""
        await signals.wait_for_end()
        self._stop_at = anyio.current_time() + self._reloader.config.drain_seconds_max
        recording.cancel()

    async def if_ousted(self, lock: Lock, recording: anyio.CancelScope) -> None:
        """Keep the database's lock; once another daemon has it, end `recording`."""
        try:
            await keep_database(lock)
        except AlreadyRunning as error:
            log.error("database_taken", why=str(error))  # noqa: TRY400  # no fault of the program
            self._ousted = error
            self._stop_at = anyio.current_time() + OUSTED_DRAIN_SECONDS_MAX
            self._rooms.intake.cut()  # what is read from now on is only handed back
            recording.cancel()

    async def drain(self, bound: Path | None) -> None:
        """Read what waits, and store it, until the time is up; a socket's file `bound` goes."""
        rooms = self._rooms
        log.info("stopping", queued=rooms.figures.queued)
        rooms.writer.stop()
        self._heartbeat.stopping(STOP_SECONDS + self._stop_at - anyio.current_time())
        rooms.intake.stop_stalling()
        with anyio.CancelScope(deadline=self._stop_at):
            await rooms.store.hurry()
            await rooms.listener.drain(bound)
            rooms.intake.close()
            await rooms.writer.done.wait()

    async def cut_short(self) -> None:
        """Wait for the writer, which begins nothing more; what runs in SQLite is interrupted."""
        done = self._rooms.writer.done
        self._rooms.intake.cut()
        with anyio.CancelScope(shield=True):
            while not done.is_set():
                await self._rooms.store.interrupt()
                with anyio.move_on_after(INTERRUPT_SECONDS):
                    await done.wait()
            await self._rooms.store.hurry()  # for closing it, if there was no time before

    def hand_back(self) -> None:
        """Hand what was read and is not stored back to the spool, whatever ended the daemon."""
        config, figures = self._reloader.config, self._rooms.figures
        done = hand_back(self._rooms.intake.held, config.spool, config.db.parent)
        if done.events:
            log.warning(
                "events_handed_back",
                count=done.events,
                files=done.files,
                seconds_max=config.drain_seconds_max,
            )
        if done.lost:
            self._lost = done.lost
            figures.discarded["shutdown"] += done.lost
            figures.left(done.lost)
            log.error("events_discarded", reason="shutdown", count=done.lost, why=done.why)
        log.info("drained", **minute.counts(figures), queued=figures.queued)

    def check(self) -> None:
        """
        Return if all is well.

        Raises:
            EventsLost: If something could be neither stored nor handed back.
            AlreadyRunning: If another daemon has the database.
        """
        if self._lost:
            raise EventsLost(
                f"{self._lost:,} events are lost: they could be neither stored nor spooled;"
                " the log says why"
            )
        if self._ousted is not None:
            raise self._ousted
