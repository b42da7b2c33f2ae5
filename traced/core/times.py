"""
Instants as clients write them, turned into Unix milliseconds.

Law: an instant lies in the years 1970 to 9999, or it is refused.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

MS_MAX: Final = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last instant that SQLite and Python can both print."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
# RFC 3339 allows a 61st second, Python's datetime does not.
_LEAP_SECOND: Final = re.compile(r"(.{10}[Tt ]\d\d:\d\d):60(\D.*)", re.ASCII)


def parse_time(value: str | float | None) -> int | None:
    """
    Turn an RFC 3339 string or a number of Unix milliseconds into whole milliseconds, rounded down.

    None stays None. A leap second counts as the second after it.

    Raises:
        ValueError: If it is no such time. The message does not repeat the value.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return _parse_text(value)
    if not 0 <= value <= MS_MAX:  # NaN and infinities fail this too
        raise ValueError(f"a number outside 0 to {MS_MAX}, expected Unix milliseconds")
    return int(value)


def _parse_text(text: str) -> int:
    # msgspec's parser is strict and in C; datetime.fromisoformat takes "2026-W47-7" too.
    try:
        instant = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        instant = _parse_leap_second(text)
    if instant.tzinfo is None:
        raise ValueError("a time without offset, expected one like 2026-11-22T10:11:12.123Z")
    milliseconds = (instant - _EPOCH) // _MS
    if not 0 <= milliseconds <= MS_MAX:
        raise ValueError("a time outside the years 1970 to 9999")
    return milliseconds


def _parse_leap_second(text: str) -> datetime:
    leap = _LEAP_SECOND.fullmatch(text)
    try:
        if leap is not None:
            return msgspec.convert(f"{leap[1]}:59{leap[2]}", datetime) + timedelta(seconds=1)
    except (msgspec.ValidationError, OverflowError):
        pass
    raise ValueError("no RFC 3339 time, expected one like 2026-11-22T10:11:12.123Z")
