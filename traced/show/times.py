"""
Times and durations, worded for people; clock times in the local time zone.

Law: a time that cannot be read is shown as nothing, never guessed and never an error.
"""

import math
import re
from datetime import UTC, datetime
from typing import Final

SECOND_MS: Final = 1000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
# From here on hours no longer matter, and up to there days do.
DAYS_ALONE_MIN: Final = 10
DAYS_SHOWN_MAX: Final = 9999
_UNITS_MS: Final = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_AGO: Final = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


def epoch_ms(text: str | None) -> int | None:
    """Return a stored time (`2026-01-31T12:00:00.000Z`) as Unix milliseconds."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return round(moment.replace(tzinfo=UTC).timestamp() * SECOND_MS)


def since_ms(text: str, now_ms: int) -> int | None:
    """
    Return the time that `90s`, `15m`, `24h`, `7d` ago was, or a date is; None if it is neither.

    A date without a zone is of the local one.
    """
    if ago := _AGO.fullmatch(text):
        return now_ms - int(ago[1]) * _UNITS_MS[ago[2]]
    try:
        moment = datetime.fromisoformat(text).astimezone()
    except (OverflowError, ValueError, OSError):
        return None
    return round(moment.timestamp() * SECOND_MS)


def clock(text: str | None) -> str:
    """Return the local time of day of a stored time, `12:03:04`."""
    return _local(text, "%H:%M:%S")


def date_and_clock(text: str | None) -> str:
    """Return the local date and time of a stored time, `2026-01-31 12:03:04`."""
    return _local(text, "%Y-%m-%d %H:%M:%S")


def date(text: str | None) -> str:
    """Return the local date of a stored time, `2026-01-31`."""
    return _local(text, "%Y-%m-%d")


def duration(length_ms: float | None) -> str:
    """Return a duration in its two largest units: `12 ms`, `3.2 s`, `4 min 02 s`, `2 h 05 min`."""
    if length_ms is None or not math.isfinite(length_ms):
        return ""
    if round(length_ms) < SECOND_MS:
        return f"{length_ms:.1f} ms" if 0 < length_ms < 1 else f"{length_ms:.0f} ms"
    if length_ms < MINUTE_MS - 50:
        return f"{length_ms / SECOND_MS:.1f} s"
    return _long(length_ms)


def ago(length_ms: int) -> str:
    """Return how long ago something was, in its largest unit: `just now`, `5 min ago`."""
    for unit_ms, unit in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min"), (SECOND_MS, "s")):
        if length_ms >= unit_ms:
            return f"{length_ms // unit_ms} {unit} ago"
    return "just now"


def _long(length_ms: float) -> str:
    # Rounded once for each unit, lest 59.6 minutes become "0 h 60 min".
    seconds = round(length_ms / SECOND_MS)
    if seconds < HOUR_MS // SECOND_MS:
        return f"{seconds // 60} min {seconds % 60:02} s"
    minutes = round(length_ms / MINUTE_MS)
    if minutes < DAY_MS // MINUTE_MS:
        return f"{minutes // 60} h {minutes % 60:02} min"
    days, hours = divmod(round(length_ms / HOUR_MS), 24)
    if days < DAYS_ALONE_MIN:
        return f"{days} d {hours} h"
    return f"{days} d" if days <= DAYS_SHOWN_MAX else f"> {DAYS_SHOWN_MAX} d"


def _local(text: str | None, form: str) -> str:
    moment_ms = epoch_ms(text)
    if moment_ms is None:
        return ""
    try:
        return datetime.fromtimestamp(moment_ms / SECOND_MS, UTC).astimezone().strftime(form)
    except (OverflowError, ValueError, OSError):
        return ""
