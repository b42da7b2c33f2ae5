"""
What a check found: how it is, and what to do.

Law: what is not ok has a remedy, and what is ok has none.
"""

from typing import Final, Literal

import msgspec

from traced.core.errors import TracedError

State = Literal["ok", "warning", "wrong"]


class Finding(msgspec.Struct, frozen=True):
    """`check` is the part that was looked at; a warning does not keep traced from recording."""

    check: str
    state: State
    told: str
    remedy: str | None = None


UNTOLD: Final = "report it: this is a fault of traced"


def ok(check: str, told: str) -> Finding:
    """Return that a part is as it has to be."""
    return Finding(check, "ok", told)


def warning(check: str, told: str, remedy: str) -> Finding:
    """Return what may become wrong, or was."""
    return Finding(check, "warning", told, remedy)


def wrong(check: str, told: str, remedy: str) -> Finding:
    """Return what keeps events from being recorded, or read."""
    return Finding(check, "wrong", told, remedy)


def failed(check: str, error: TracedError, remedy: str = UNTOLD) -> Finding:
    """
    Return what one of the house's errors says.

    The remedy is what its message ends with after a colon; `remedy`, where that is no advice but
    the system's own words, which begin with a capital letter.
    """
    told, _, advice = str(error).rpartition(": ")
    if told and advice[:1].islower():
        return wrong(check, told, advice)
    return wrong(check, str(error), remedy)
