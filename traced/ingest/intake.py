"""
The bounded queue between the ways in and the writer.

Law: it counts bytes. When it is full nobody is read, whoever filled it; nothing is dropped.
"""

from collections import deque
from collections.abc import Callable, Sequence

import anyio
from msgspec import Struct

from traced.core.event import Outcome, Rejected
from traced.core.wire import Envelope, ExportedLine, HookPayload, LifeLine, NativeEvent, TooLong
from traced.ingest.figures import Figures

Record = NativeEvent | LifeLine | Envelope | ExportedLine | HookPayload | TooLong | Rejected


class Submission(Struct):
    """
    Some records from one place, in their order, and who wants to know what became of them.

    `size` is their share of the intake in bytes: what their lines weigh in memory, by the protocol.
    `settle` is called once, after the commit, with one outcome for each record. `origin` is the
    spool file that keeps them until then, None for what came by the socket; its records are
    numbered, these from `origin_number`. `awaited` if somebody waits for what becomes of them.
    """

    records: Sequence[Record]
    size: int
    received_at: int
    peer_uid: int | None
    settle: Callable[[Sequence[Outcome]], None]
    origin: str | None = None
    origin_number: int = 0
    awaited: bool = False


class Intake:
    """
    Submissions in the order in which they came, at most `bytes_max` bytes and one submission more.

    `on_change` is called when `full` has changed; what has been taken counts until `settled` says
    that it is done.
    """

    def __init__(
        self,
        bytes_max: int,
        on_change: Callable[[], None],
        figures: Figures,
    ) -> None:
        self._bytes_max = bytes_max
        self._on_change = on_change
        self._figures = figures
        self._waiting: deque[Submission] = deque()
        self._taken: dict[int, Submission] = {}  # by identity: they are compared by value
        self._arrived = anyio.Event()
        self._emptier = anyio.Event()
        self._closed = False
        self._stalled = False
        self._stopping = False
        self.bytes = 0
        self.full = False
        self.is_cut = False

    @property
    def held(self) -> list[Submission]:
        """What is not settled, in the order in which it came."""
        return [*self._taken.values(), *self._waiting]

    def put(self, submission: Submission) -> None:
        """Queue a submission; the last one that was read may go above the bound."""
        self._waiting.append(submission)
        self.bytes += submission.size
        self._figures.took(len(submission.records))
        self._arrived.set()
        self._weigh()

    async def take(self, events_max: int) -> list[Submission]:
        """
        Wait for a submission; return it with what waits behind it, up to `events_max` events.

        No submission is split: put none that is larger. Returns an empty list once the intake is
        closed and everything has been taken, or it was cut off.
        """
        while self.is_cut or not self._waiting:
            if self._closed:
                return []
            self._arrived = anyio.Event()
            await self._arrived.wait()
        taken: list[Submission] = []
        events = 0
        while self._waiting and (not taken or events + len(self._waiting[0].records) <= events_max):
            taken.append(self._waiting.popleft())
            events += len(taken[-1].records)
        self._taken.update((id(submission), submission) for submission in taken)
        return taken

    async def room(self) -> None:
        """Wait until it is not full."""
        while self.full:
            await self._emptier.wait()

    def settled(self, submissions: Sequence[Submission]) -> None:
        """Make room: these submissions are done."""
        for submission in submissions:
            del self._taken[id(submission)]
            self.bytes -= submission.size
            self._figures.left(len(submission.records))
        self._weigh()

    def stall(self, *, stalled: bool) -> None:
        """Count as full, whatever waits, while the writer cannot write."""
        self._stalled = stalled and not self._stopping
        self._weigh()

    def stop_stalling(self) -> None:
        """Be full by bytes only: at a stop what cannot be written can be handed back."""
        self._stopping = True
        self.stall(stalled=False)

    def close(self) -> None:
        """Take what waits, then end."""
        self._closed = True
        self._arrived.set()

    def cut(self) -> None:
        """End at once: what waits is not taken any more, and stays `held`."""
        self.is_cut = True
        self.close()

    def _weigh(self) -> None:
        # Half empty before reading goes on: else 64 readers are switched off and on every batch.
        bound = self._bytes_max // 2 if self.full else self._bytes_max
        full = self._stalled or self.bytes >= bound
        if full != self.full:
            self.full = full
            if full:
                self._emptier = anyio.Event()
            else:
                self._emptier.set()
            self._on_change()
