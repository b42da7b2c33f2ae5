"""What the kernel says of a process, on Linux."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory and descriptors are read from /proc"
)


class Usage(NamedTuple):
    """What a process uses now, and the processor time it has used since its start."""

    rss_bytes: int
    descriptors: int
    cpu_seconds: float


def usage(pid: int) -> Usage:
    """
    Return what a process of this user uses.

    Raises:
        OSError: If it is gone.
    """
    proc = Path("/proc") / str(pid)
    # The name in brackets may hold anything; utime and stime are the 12th and 13th after it.
    fields = (proc / "stat").read_text().rpartition(") ")[2].split()
    resident_pages = int((proc / "statm").read_text().split()[1])
    return Usage(
        resident_pages * PAGE_BYTES,
        len(list((proc / "fd").iterdir())),
        (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND,
    )


def has_open(pid: int, name: str) -> bool:
    """Tell whether a process has a file of this name open."""
    found = False
    for each in (Path("/proc") / str(pid) / "fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found = found or each.readlink().name == name
    return found
