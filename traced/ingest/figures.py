"""
What the daemon knows of itself, in numbers (SPEC 9).

Law: each event is counted when it is received and ends in exactly one of stored, duplicate,
ignored, rejected and discarded: received = the sum of these + queued. Each of the three is counted
where it happens and none from the others, so that the sum can be wrong, and is checked.
"""

import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import Final

from traced.core.event import Outcome, Rejected

# Commit times kept for the percentiles.
COMMITS_KEPT: Final = 1000


class Figures:
    """
    Counters since start; `queued_max` is the most events that ever waited at once.

    `queued` is what the intake holds: what waits, and what was taken and is not settled.

    The time of the last commit is kept twice, in Unix seconds and on the monotonic clock.
    """

    def __init__(self) -> None:
        self.received = 0
        self.queued = 0
        self.queued_max = 0
        self.stored = 0
        self.duplicate = 0
        self.ignored = 0
        self.rejected: Counter[str] = Counter()
        self.discarded: Counter[str] = Counter()
        self.batch_events_last = 0
        self.last_commit_epoch: float | None = None
        self.last_commit_seconds: float | None = None
        self._commit_seconds: deque[float] = deque(maxlen=COMMITS_KEPT)

    @property
    def settled(self) -> int:
        """How many events have ended, in whatever way."""
        return (
            self.stored
            + self.duplicate
            + self.ignored
            + self.rejected.total()
            + self.discarded.total()
        )

    @property
    def last_commit_at(self) -> str | None:
        """When the last commit was, as SPEC 4 writes times."""
        if self.last_commit_epoch is None:
            return None
        milliseconds = int(self.last_commit_epoch * 1000) % 1000
        whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.last_commit_epoch))
        return f"{whole}.{milliseconds:03d}Z"

    def took(self, events: int) -> None:
        """Count events that were put into the intake."""
        self.received += events
        self.queued += events
        self.queued_max = max(self.queued_max, self.queued)

    def left(self, events: int) -> None:
        """Count events that the intake does not hold any more."""
        self.queued -= events

    def noted(self, notes: Iterable[Rejected]) -> None:
        """Count what never was in the intake: of what was lost before, its kept notes."""
        for note in notes:
            self.received += note.count
            ended = self.discarded if note.kind == "discarded" else self.rejected
            ended[note.reason] += note.count

    def committed(self, outcomes: Iterable[Outcome], seconds: float) -> None:
        """Count one committed batch, which took so many seconds."""
        events = 0
        for outcome in outcomes:
            events += 1
            match outcome.status:
                case "stored":
                    self.stored += 1
                case "duplicate":
                    self.duplicate += 1
                case "ignored":
                    self.ignored += 1
                case "rejected":
                    self.rejected[outcome.reason or ""] += 1
        self.batch_events_last = events
        self.last_commit_epoch, self.last_commit_seconds = time.time(), time.monotonic()
        self._commit_seconds.append(seconds)

    def commit_seconds(self) -> dict[str, float | None]:
        """Return p50 and p99 of the latest commits."""
        ordered = sorted(self._commit_seconds)
        if not ordered:
            return {"p50": None, "p99": None}
        last = len(ordered) - 1
        return {"p50": ordered[round(last * 0.5)], "p99": ordered[round(last * 0.99)]}
