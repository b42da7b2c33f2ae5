"""
Who is read, and who has to wait.

Law: while the intake is full nobody is read. While unfinished lines are a crowd only the sender of
the oldest is read on; the others are read as far as their lines end, which makes no crowd bigger.
What is not read waits in the kernel; who waited longest is read first when there is room.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Hashable
from itertools import islice
from typing import Final, Protocol

import anyio
import anyio.lowlevel
import structlog

from traced.ingest.crowd import Crowd
from traced.ingest.intake import Intake

WATCH_SECONDS: Final = 0.1
# Resumed at a time, so that 10,000 clients do not wake up for room that is enough for a hundred.
RESUMED_A_TURN: Final = 64

log = structlog.get_logger()


class Sender(Hashable, Protocol):
    """What is read: a connection."""

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of it wait to be read."""

    @property
    def is_full(self) -> bool:
        """Whether so much waits to be read that no more could be sent."""

    def resume(self) -> None:
        """Be read again."""

    def reject_partial(self) -> None:
        """Lose the unfinished line and be closed."""


class Traffic:
    """
    The rules of one listener's connections; those that may not be read are kept until they may.

    In a crowd a line has `partial_seconds_max` to be finished: of its turn, as the oldest, and of
    the time in which its sender could send more. A sender that waits to be read is not late.
    """

    def __init__(self, intake: Intake, partial_bytes_max: int, partial_seconds_max: float) -> None:
        self._intake = intake
        self._partials: Crowd[Sender] = Crowd(partial_bytes_max)
        self._partial_seconds_max = partial_seconds_max
        self._looks: Counter[Sender] = Counter()  # at which a line kept others waiting
        # The longest waiting first, with how much of it waited at the last look, None before one.
        self._held_back: OrderedDict[Sender, int | None] = OrderedDict()
        self._resuming = False
        self._stopped = False
        self._loop = asyncio.get_running_loop()

    @property
    def is_open(self) -> bool:
        """Whether anybody may be read."""
        return not (self._stopped or self._intake.full) and self._partials.oldest is None

    def may_read(self, sender: Sender) -> bool:
        """Tell whether there is room for what it would bring."""
        if self._stopped or self._intake.full:
            return False
        oldest = self._partials.oldest
        return oldest is None or oldest is sender

    def may_read_lines(self) -> bool:
        """Tell whether there is room for whole lines, and what ends an unfinished one."""
        return not (self._stopped or self._intake.full)

    def hold_back(self, sender: Sender) -> None:
        """Keep a sender that has something to be read, to resume it when it may be."""
        self._held_back[sender] = None if self._intake.full else sender.waiting_bytes

    def partial_changed(self, sender: Sender, held: int, *, anew: bool) -> None:
        """Weigh a sender's unfinished line; `anew` if it is not the same line as before."""
        if anew or not held:
            del self._looks[sender]
        self._partials.hold(sender, held, anew=anew)
        self.room_changed()

    def room_changed(self) -> None:
        """Resume those senders for which there is room by now."""
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
        """Reject the unfinished lines that keep others waiting for too long."""
        while True:
            await anyio.sleep(WATCH_SECONDS)
            if not self._crowded:
                continue
            self._count_looks()
            if lines := await self._reject_late():
                log.warning("line_incomplete", lines=lines, seconds_max=self._partial_seconds_max)
            self._let_on_who_sent_more()

    @property
    def _crowded(self) -> bool:
        return self._partials.oldest is not None and not self._intake.full

    def _count_looks(self) -> None:
        # Looks are counted, not time: while this process slept nobody could send.
        oldest = self._partials.oldest
        self._looks.update(
            sender for sender in self._partials if sender is oldest or not sender.is_full
        )

    async def _reject_late(self) -> int:
        """Reject who is late, the oldest first, until the crowd is half gone; return how many."""
        looks_max = self._partial_seconds_max / WATCH_SECONDS
        late = [sender for sender in self._partials if self._looks[sender] >= looks_max]
        rejected = 0
        for sender in late:
            if self._partials.is_half_gone or self._intake.full:
                break
            if sender in self._looks:  # otherwise it has ended, or its sender is gone
                sender.reject_partial()
                rejected += 1
                await anyio.lowlevel.checkpoint()  # redacting 20 KB takes a millisecond
        return rejected

    def _let_on_who_sent_more(self) -> None:
        for sender, waiting_bytes in list(self._held_back.items()):
            if sender.waiting_bytes != waiting_bytes:
                self._resume(sender)

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
