"""
What the service manager hears of the daemon, from its start to its end.

Law: it follows the writer: see `traced.ingest.pulse`. The line of status is for people.
"""

from collections.abc import Callable
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
    """`state` is one of SPEC 9: ok, retrying, stopping."""

    def __init__(
        self, manager: ServiceManager, pulse: Pulse, figures: Figures, state: Callable[[], str]
    ) -> None:
        self._manager = manager
        self._pulse = pulse
        self._figures = figures
        self._state = state
        self._is_ready = False

    async def run(self) -> None:
        """Tell again and again; never returns."""
        watchdog = self._manager.watchdog_seconds
        pause = STATUS_SECONDS if watchdog is None else min(STATUS_SECONDS, watchdog / BEATS)
        while True:
            self.tell()
            await anyio.sleep(pause)

    def tell(self) -> None:
        """Tell once."""
        if not self._is_ready:
            self._manager.extend(START_SECONDS)
        if self._pulse.beats():
            self._manager.beat()
        self._manager.status(self._line())

    def ready(self) -> None:
        """Tell that it records now."""
        self._is_ready = True
        self._manager.ready()
        self._manager.status(self._line())

    def stopping(self, seconds_max: float) -> None:
        """Tell that it stops within so many seconds."""
        self._manager.stopping(seconds_max)
        self._manager.status(self._line())

    def _line(self) -> str:
        figures, state = self._figures, self._state()
        if not self._is_ready:
            state = "starting"
        elif state == "ok":
            state = "recording"
        return f"{state}; {figures.queued:,} queued; last commit {figures.last_commit_at or 'none'}"
