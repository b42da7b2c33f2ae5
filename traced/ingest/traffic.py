"""
Who is read, and who has to wait.

Law: while the intake is full nobody is read; while unfinished lines crowd it only the sender of the
oldest. What is not read waits in the kernel; who waited longest is read first when there is room.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from itertools import islice
from typing import Final, Protocol

import anyio
import structlog

from traced.ingest.crowd import Crowd
from traced.ingest.intake import Intake

WATCH_SECONDS: Final = 0.1
# Let on at a time, so that 10,000 clients do not wake up for the room that suffices for a hundred.
RESUMED_A_TURN: Final = 64

log = structlog.get_logger()


class Sender(Hashable, Protocol):
    """What is read: a connection."""

    def resume(self) -> None:
        """Be read again."""

    def reject_partial(self) -> None:
        """Lose the unfinished line and be closed."""


class Traffic:
    """
    The rules of one listener's connections; those that may not be read are kept until they may.

    A line has `partial_seconds_max` of its turn, as the oldest of a crowd, to be finished.
    """

    def __init__(self, intake: Intake, partial_bytes_max: int, partial_seconds_max: float) -> None:
        self._intake = intake
        self._partials: Crowd[Sender] = Crowd(partial_bytes_max)
        self._partial_seconds_max = partial_seconds_max
        self._held_back: OrderedDict[Sender, None] = OrderedDict()  # who waits longest first
        self._resuming = False
        self._stopped = False
        self._loop = asyncio.get_running_loop()

    def may_read(self, sender: Sender) -> bool:
        """Tell whether there is room for what it would bring."""
        if self._stopped or self._intake.full:
            return False
        oldest = self._partials.oldest
        return oldest is None or oldest is sender

    def hold_back(self, sender: Sender) -> None:
        """Keep a sender that has something to be read, to resume it when it may be."""
        self._held_back[sender] = None

    def partial_changed(self, sender: Sender, held: int, *, anew: bool) -> None:
        """Weigh a sender's unfinished line; `anew` if it is another line than before."""
        self._partials.hold(sender, held, anew=anew)
        self.room_changed()

    def room_changed(self) -> None:
        """Let on whom there is room for by now."""
        if not self._held_back or self._resuming or self._stopped or self._intake.full:
            return
        oldest = self._partials.oldest
        if oldest is None:
            self._resuming = True
            self._loop.call_soon(self._resume_some)
        elif oldest in self._held_back:
            self._resume(oldest)

    def forget(self, sender: Sender) -> None:
        """Take note that it is closed."""
        self._held_back.pop(sender, None)
        self.partial_changed(sender, 0, anew=False)

    def stop(self) -> None:
        """Let nobody on any more."""
        self._stopped = True

    async def watch(self) -> None:
        """Reject the unfinished lines that keep all others waiting for too long."""
        turn, looks = -1, 0
        while True:
            await anyio.sleep(WATCH_SECONDS)
            oldest = self._partials.oldest
            if oldest is None or self._intake.full or turn != self._partials.turn:
                turn, looks = self._partials.turn, 0
                continue
            # Looks are counted, not time: while this process slept nobody could send.
            looks += 1
            if looks * WATCH_SECONDS >= self._partial_seconds_max:
                log.warning("line_incomplete", seconds_max=self._partial_seconds_max)
                oldest.reject_partial()

    def _resume_some(self) -> None:
        self._resuming = False
        for sender in list(islice(self._held_back, RESUMED_A_TURN)):
            if self.may_read(sender):
                self._resume(sender)
        # The rest come after these have been read, if there is still room then.
        self.room_changed()

    def _resume(self, sender: Sender) -> None:
        del self._held_back[sender]
        sender.resume()
