"""
How long to wait for a backend that takes nothing.

Law: longer each time, up to a bound, and never as long as others wait, so that a fleet does not
come back all at once; what the backend asks for is the least.
"""

import random
from typing import Final

SECONDS_MIN: Final = 1.0
SECONDS_MAX: Final = 60.0
DOUBLINGS_MAX: Final = 6


class Backoff:
    """Counts the failures since the last success."""

    def __init__(self) -> None:
        self.failures = 0

    def failed(self, retry_after_seconds: float | None = None) -> float:
        """Return the seconds to wait after one more failure."""
        whole = min(SECONDS_MAX, SECONDS_MIN * (1 << min(self.failures, DOUBLINGS_MAX)))
        self.failures += 1
        jittered = whole * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        if retry_after_seconds is None:
            return jittered
        # Forwarders that are given the same time spread out over a tenth more.
        return max(jittered, retry_after_seconds * random.uniform(1.0, 1.1))  # noqa: S311

    def succeeded(self) -> bool:
        """Reset; return whether there was a failure since the last success."""
        had_failed, self.failures = self.failures > 0, 0
        return had_failed
