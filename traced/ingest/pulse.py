"""
Whether there is progress: what a watchdog and an operator want to know of the writer.

Law: it follows the writer, not the event loop. There is progress if nothing waits, or if the writer
has returned from the database since it was last asked, whether it committed or said why not: so a
full disk is reported, and a writer that hangs in a call is found out.
"""

import time
from collections.abc import Callable
from typing import Final

# A commit that takes longer hangs, as far as an operator is concerned.
HANGING_SECONDS: Final = 10.0


class Pulse:
    """`queued` tells how many events wait; the writer calls `returned`."""

    def __init__(self, queued: Callable[[], int]) -> None:
        self._queued = queued
        self._returned = True
        self._idle_or_returned_at = time.monotonic()

    def returned(self) -> None:
        """Note that the writer came back from the database."""
        self._returned = True
        self._idle_or_returned_at = time.monotonic()

    def beats(self) -> bool:
        """Tell whether there was progress since this was last asked."""
        progress = self._returned or not self._queued()
        self._returned = False
        if progress:
            self._idle_or_returned_at = time.monotonic()
        return progress

    def hangs(self) -> bool:
        """Tell whether something has waited for long, and the writer did not return."""
        waited = time.monotonic() - self._idle_or_returned_at
        return waited > HANGING_SECONDS and self._queued() > 0
