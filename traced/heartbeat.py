"""
What the service manager is told about the daemon, from its start to its end.

Law: it follows the writer: see `traced.ingest.pulse`. The line of status is for people.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import anyio

from traced.ingest.figures import Figures
from traced.ingest.pulse import Pulse
from traced.service_manager import ServiceManager

STATUS_SECONDS: Final = 2.0
# Four beats in the watchdog's time: one may come just between an event and its commit.
BEATS: Final = 4
# A start may take long, with a large spool or a database that is busy; each beat asks for more.
START_SECONDS: Final = 30.0


class Heartbeat:
    """`state` is one of SPEC 9: ok, retrying, stopping; `failure` is why it is retrying."""

    def __init__(
        self,
        manager: ServiceManager,
        pulse: Pulse,
        figures: Figures,
        state: Callable[[], str],
        failure: Callable[[], str | None],
    ) -> None:
        self._manager = manager
        self._pulse = pulse
        self._figures = figures
        self._state = state
        self._failure = failure
        self._is_ready = False

    async def run(self) -> None:
        """Tell again and again; never returns."""
        watchdog = self._manager.watchdog_seconds
        pause = STATUS_SECONDS if watchdog is None else min(STATUS_SECONDS, watchdog / BEATS)
        while True:
            self.tell()
            await anyio.sleep(pause)

    def tell(self) -> None:
        """Tell once; without progress neither a beat nor that a start may take longer."""
        if self._pulse.beats():
            self._manager.beat()
            if not self._is_ready:
                self._manager.extend(START_SECONDS)
        self.tell_status()

    def tell_status(self) -> None:
        """Tell how it is, without a beat."""
        self._manager.status(self._line())

    def ready(self) -> None:
        """Tell that it records now."""
        self._is_ready = True
        self._manager.ready()
        self.tell_status()

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Report a reload of the settings for the length of the block; nothing before ready."""
        was_ready = self._is_ready
        if was_ready:
            self._manager.reloading()
        try:
            yield
        finally:
            if was_ready:
                self._manager.ready()

    def stopping(self, seconds_max: float) -> None:
        """Tell that it stops within so many seconds."""
        self._manager.stopping(seconds_max)
        self.tell_status()

    def _line(self) -> str:
        figures, state, failure = self._figures, self._state(), self._failure()
        if state == "ok":
            state = "recording" if self._is_ready else "starting"
        elif state == "retrying" and failure is None:
            failure = "the database does not answer"
        how = state if failure is None else f"{state}: {failure}"
        # When, not how long ago: of a daemon that hangs this is the last that is heard.
        return f"{how}; {figures.queued:,} queued; last commit {figures.last_commit_at or 'none'}"
