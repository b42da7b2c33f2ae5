"""
When an event happened, as far as anybody told.

Law: the agent's own time beats the sender's, which beats the receiver's; a time that cannot be
read, or lies more than a day ahead, counts as not told.
"""

from typing import Final

from traced.core.times import parse_time

AHEAD_MS_MAX: Final = 24 * 60 * 60 * 1000


def near(value: object, now: int) -> int | None:
    """Return a time from outside as Unix milliseconds, or None if it does not count."""
    if type(value) is int and 0 <= value <= now:
        return value
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        at = parse_time(value)
    except ValueError:
        return None
    return at if at is None or at <= now + AHEAD_MS_MAX else None


def happened_at(own: object, sent_at: object, now: int) -> int:
    """Return the agent's own time, else the sender's, else `now`."""
    for told in (own, sent_at):
        at = near(told, now)
        if at is not None:
            return at
    return now
