"""
Amounts as people type them: how long, how many bytes.

Law: what is typed without a unit, or with one that could mean two things, is refused.
"""

import re
from typing import Final

import typer

from traced.show.amounts import SIZES
from traced.show.times import DAY_MS, HOUR_MS, MINUTE_MS

LENGTHS_MS: Final = {"min": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
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


def _parsed(text: str, units: dict[str, int], most: int, expected: str) -> int:
    match = AMOUNT.fullmatch(text.strip())
    amount = round(float(match[1]) * units.get(match[2], 0)) if match else 0
    if not 0 < amount <= most:
        raise typer.BadParameter(f"{text[:60]!r}, expected something like {expected}")
    return amount
