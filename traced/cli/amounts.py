"""
Amounts as people type and read them: how long, how many bytes, how many of what.

Law: what is typed without a unit, or with one that could mean two things, is refused.
"""

import re
from typing import Final

import typer

from traced.show.times import DAY_MS, HOUR_MS, MINUTE_MS

LENGTHS_MS: Final = {"min": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
SIZES: Final = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
AMOUNT: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?([A-Za-z]+)", re.ASCII)
# What the settings allow too.
LENGTH_MS_MAX: Final = 36_500 * DAY_MS
BYTES_MAX: Final = 1 << 50


def parse_length(text: str) -> int:
    """
    Return milliseconds of a length such as `30d`, `12h`, `2w`, `90min`.

    Raises:
        typer.BadParameter: If it is none.
    """
    return _parsed(text, LENGTHS_MS, LENGTH_MS_MAX, "30d, 12h, 2w or 90min, at most 36500d")


def parse_size(text: str) -> int:
    """
    Return the bytes of a size such as `1GiB`, `500MiB`.

    Raises:
        typer.BadParameter: If it is none.
    """
    return _parsed(text, SIZES, BYTES_MAX, "1GiB or 500MiB, at most 1024TiB")


def size(count: int) -> str:
    """Return a size in its largest unit: `812 B`, `1.9 MiB`."""
    for unit, worth in reversed(SIZES.items()):
        if count >= worth > 1:
            return f"{count / worth:.1f} {unit}"
    return f"{count} B"


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `1 session`, `1,200 sessions`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _parsed(text: str, units: dict[str, int], most: int, expected: str) -> int:
    match = AMOUNT.fullmatch(text.strip())
    amount = round(float(match[1]) * units.get(match[2], 0)) if match else 0
    if not 0 < amount <= most:
        raise typer.BadParameter(f"{text[:60]!r}, expected something like {expected}")
    return amount
