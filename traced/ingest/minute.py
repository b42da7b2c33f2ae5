"""
A line a minute in the log on what came in, while something does.

Law: per minute, never per event.
"""

from typing import Final

import anyio
import structlog

from traced.ingest.figures import Figures

MINUTE_SECONDS: Final = 60.0

log = structlog.get_logger()


async def watch(figures: Figures, seconds: float = MINUTE_SECONDS) -> None:
    """Tell of each minute in which events came or were settled, how many."""
    before = counts(figures)
    while True:
        await anyio.sleep(seconds)
        now = counts(figures)
        if now != before:
            came = {name: count - before[name] for name, count in now.items()}
            log.info("minute", **came, queued=figures.queued)
        before = now


def counts(figures: Figures) -> dict[str, int]:
    """Return how many events came since the start, and how many ended in which way."""
    return {
        "received": figures.received,
        "stored": figures.stored,
        "duplicate": figures.duplicate,
        "ignored": figures.ignored,
        "rejected": figures.rejected.total(),
        "discarded": figures.discarded.total(),
    }
