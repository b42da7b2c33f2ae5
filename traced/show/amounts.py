"""Amounts as people read them: how many bytes, how many of what."""

from typing import Final

SIZES: Final = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def size(count: int) -> str:
    """Return a size in its largest unit: `812 B`, `1.9 MiB`."""
    for unit, worth in reversed(SIZES.items()):
        if count >= worth > 1:
            return f"{count / worth:.1f} {unit}"
    return f"{count} B"


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `1 session`, `1,200 sessions`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
