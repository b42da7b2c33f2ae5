"""What the clients of a soak did and were told, counted; shared by their threads."""

import threading
from collections import Counter


class Tally:
    """Counters, this minute's ack latencies, and what was wrong."""

    FAILURES_MAX = 20

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latencies: list[float] = []
        self.counts: Counter[str] = Counter()
        self.failures: list[str] = []

    def count(self, **counts: int) -> None:
        """Add to counters."""
        with self._lock:
            self.counts.update(counts)

    def latencies(self, seconds: list[float]) -> None:
        """Add how long acks took."""
        with self._lock:
            self._latencies += seconds

    def latency_ms(self) -> tuple[float, float]:
        """Return the median and the 99th percentile since the last call, which it forgets."""
        with self._lock:
            taken, self._latencies = sorted(self._latencies), []
        if not taken:
            return 0.0, 0.0
        return taken[len(taken) // 2] * 1000, taken[len(taken) * 99 // 100] * 1000

    def fail(self, what: str) -> None:
        """Note something wrong; of very many the first are kept, and all are counted."""
        with self._lock:
            self.counts["failures"] += 1
            if len(self.failures) < self.FAILURES_MAX:
                self.failures.append(what)
