"""
What the daemon says about itself, worded for people.

Law: a figure that an older daemon does not tell is shown as zero or not at all, never an error.
"""

from collections.abc import Iterator, Mapping

import msgspec

from traced.show.amounts import counted, size
from traced.show.times import SECOND_MS, duration


class Seconds(msgspec.Struct):
    """What half of the commits took at most, and 99 of 100; None before the first."""

    p50: float | None = None
    p99: float | None = None


class Retention(msgspec.Struct):
    """What was removed since the start, and why not more."""

    sessions_removed: int = 0
    steps_removed: int = 0
    unmet: str | None = None
    put_off: str | None = None
    failure: str | None = None


class Figures(msgspec.Struct):
    """Those of the figures of SPEC 9 that people read, under their names there."""

    pid: int = 0
    version: str = "?"
    state: str = "?"
    uptime_seconds: float = 0.0
    received: int = 0
    stored: int = 0
    duplicate: int = 0
    ignored: int = 0
    rejected: dict[str, int] = {}
    discarded: dict[str, int] = {}
    queued: int = 0
    queued_max: int = 0
    queued_bytes: int = 0
    queued_bytes_max: int = 0
    batch_events_last: int = 0
    commit_seconds: Seconds = msgspec.field(default_factory=Seconds)
    last_commit_age_seconds: float | None = None
    spool_files: int = 0
    spool_bytes: int = 0
    wal_bytes: int = 0
    oldest_reader_seconds: float | None = None
    database_bytes: int = 0
    connections: int = 0
    retention: Retention = msgspec.field(default_factory=Retention)


def told(answer: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """
    Yield label and text of each line.

    Raises:
        msgspec.ValidationError: If this is no daemon's answer.
    """
    figures = msgspec.convert(answer, Figures)
    yield "state", figures.state
    uptime = _length(figures.uptime_seconds)
    yield "process", f"{figures.pid}, version {figures.version}, for {uptime}"
    yield "received", _received(figures)
    yield "queue", _queue(figures)
    yield "commits", _commits(figures)
    yield "database", _database(figures)
    yield "spool", _spool(figures)
    yield "connections", f"{figures.connections:,}"
    yield "retention", _retention(figures.retention)


def _received(figures: Figures) -> str:
    parts = [
        f"{figures.stored:,} stored",
        f"{figures.duplicate:,} duplicate",
        f"{figures.ignored:,} ignored",
        f"{sum(figures.rejected.values()):,} rejected{_reasons(figures.rejected)}",
        f"{sum(figures.discarded.values()):,} discarded{_reasons(figures.discarded)}",
        f"{figures.queued:,} queued",
    ]
    return f"{counted(figures.received, 'event')}: {', '.join(parts)}"


def _reasons(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{reason} {count:,}" for reason, count in counts.items() if count)
    return f" ({told})" if told else ""


def _queue(figures: Figures) -> str:
    room = f"{size(figures.queued_bytes)} of {size(figures.queued_bytes_max)}"
    most = f"{figures.queued_max:,} at most since the start"
    return f"{counted(figures.queued, 'event')}, {room}; {most}"


def _commits(figures: Figures) -> str:
    age = figures.last_commit_age_seconds
    if age is None:
        return "none yet"
    text = f"the last {_length(age)} ago, {counted(figures.batch_events_last, 'event')}"
    half, most = figures.commit_seconds.p50, figures.commit_seconds.p99
    if half is None or most is None:
        return text
    return f"{text}; p50 {half * SECOND_MS:.1f} ms, p99 {most * SECOND_MS:.1f} ms"


def _database(figures: Figures) -> str:
    text = f"{size(figures.database_bytes)}, its log {size(figures.wal_bytes)}"
    held = figures.oldest_reader_seconds
    return text if held is None else f"{text}, which a reader has held back for {_length(held)}"


def _spool(figures: Figures) -> str:
    if not figures.spool_files:
        return "nothing waits"
    return f"{counted(figures.spool_files, 'file')}, {size(figures.spool_bytes)}"


def _retention(retention: Retention) -> str:
    removed = [
        counted(retention.sessions_removed, "session"),
        counted(retention.steps_removed, "step"),
    ]
    text = " and ".join(removed) + " removed since the start"
    return "; ".join(filter(None, (text, retention.unmet, retention.put_off, retention.failure)))


def _length(seconds: float) -> str:
    return duration(seconds * SECOND_MS)
