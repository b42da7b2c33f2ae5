"""
The wall clock, and for how long nobody has set it.

Law: ages are differences of wall-clock times, so what may only happen at an age asks here first
how long the clock has run evenly. Time in which the machine slept counts.
"""

import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

# Corrections of less are the daily work of NTP, and no age is counted in less than days.
SET_MS_MIN: Final = 60 * 60 * 1000
# macOS has no CLOCK_BOOTTIME; its CLOCK_MONOTONIC goes on in sleep.
_AWAKE_OR_ASLEEP: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

Clock = Callable[[], int]


class Reading(Struct, frozen=True):
    """What the wall clock says (Unix ms), and since when on it (Unix ms) it has run evenly."""

    now: int
    even_since: int


class EvenClock:
    """A wall clock that is watched from its creation on; each reading finds out if it was set."""

    def __init__(
        self,
        wall_ns: Clock = time.time_ns,
        elapsed_ns: Clock = lambda: time.clock_gettime_ns(_AWAKE_OR_ASLEEP),
    ) -> None:
        self._wall_ns = wall_ns
        self._elapsed_ns = elapsed_ns
        self._even_since, self._ahead = self._look()

    def read(self) -> Reading:
        """Return the time, after a look at whether the clock was set since the last reading."""
        now, ahead = self._look()
        if abs(ahead - self._ahead) >= SET_MS_MIN:
            self._even_since = now
        self._ahead = ahead
        return Reading(now, self._even_since)

    def _look(self) -> tuple[int, int]:
        """Return the time, and how far it is ahead of a clock that nobody can set."""
        wall, elapsed = self._wall_ns() // 1_000_000, self._elapsed_ns() // 1_000_000
        return wall, wall - elapsed
