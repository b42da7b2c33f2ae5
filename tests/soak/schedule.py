"""
Which fault happens when, drawn from a seed.

Memory that leaks shows only in a long life, so the daemon is killed and restarted in the first
third, then left alive through all other faults, and killed once more near the end.
"""

from collections.abc import Iterator
from itertools import groupby
from random import Random
from typing import NamedTuple

DEADLY = ("kill", "restart")
HARMLESS = ("lock", "read", "ask", "deaf", "trickle")
ROUGH_SHARE = 1 / 3
LAST_KILL_SHARE = 0.97
PAUSE_SECONDS_MAX = 10.0
HOLD_SECONDS = (2.0, 10.0)
LOCK_SECONDS = 2.0  # as long as the writer waits before it says that it is stalled


class Fault(NamedTuple):
    """One fault: its second of the run, its kind, and how long it holds."""

    at: float
    kind: str
    seconds: float


def faults(run_seconds: float, chance: Random) -> list[Fault]:
    """Return the faults of a run, in order."""
    pause = min(PAUSE_SECONDS_MAX, run_seconds / 30)
    shortest, longest = HOLD_SECONDS
    at = pause
    found: list[Fault] = []
    kinds: list[str] = []
    while at < run_seconds * LAST_KILL_SHARE - LOCK_SECONDS:
        rough = at < run_seconds * ROUGH_SHARE
        if not kinds:  # all of them in a new order, so that a short run has each
            kinds = [*HARMLESS, *(DEADLY if rough else ())]
            chance.shuffle(kinds)
        kind = kinds.pop()
        if kind in DEADLY and not rough:
            continue
        seconds = chance.uniform(shortest, max(shortest, min(longest, run_seconds / 5)))
        found.append(Fault(at, kind, LOCK_SECONDS if kind == "lock" else seconds))
        # A start is not tried while another program holds the lock: that is a test of its own.
        at += chance.uniform(0.5, 1.5) * pause + (LOCK_SECONDS if kind == "lock" else 0)
    return [*found, Fault(run_seconds * LAST_KILL_SHARE, "kill", 0)]


def told(schedule: list[Fault]) -> Iterator[str]:
    """Tell the schedule, a line a minute."""
    for minute, group in groupby(schedule, key=lambda fault: int(fault.at // 60)):
        what = ", ".join(f"{fault.kind} {fault.at % 60:.1f}" for fault in group)
        yield f"minute {minute}: {what}"
