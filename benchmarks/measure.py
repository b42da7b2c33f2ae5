"""
What a run cost, and how runs side by side are told.

Law: wall time by the monotonic clock; CPU seconds are user and system, exited children included;
memory is resident. Medians with their spread, and ratios within one run: absolute figures are the
machine's.
"""

import json
import os
import platform
import sqlite3
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

RESULTS = Path("build") / "bench"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and of its children that have exited."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS


def memory_mib(pid: int, what: str = "VmRSS") -> float:
    """Return the resident memory of a process; `VmHWM` is the most it ever was."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/{pid}/status has no {what}")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median, the least and the most."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def told(values: Sequence[float], digits: int = 2) -> str:
    """Write a median with its spread: ``1.20 [1.10..1.31]``."""
    of = spread(values)
    return f"{of['median']:,.{digits}f} [{of['min']:,.{digits}f}..{of['max']:,.{digits}f}]"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as Markdown, so that it can be pasted into a document."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    print(f"\n## {title}\n")
    for row in (head, ["-" * width for width in widths], *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("| " + " | ".join(cells) + " |")


def save(name: str, figures: Mapping[str, object]) -> None:
    """Write the figures of a benchmark to ``build/bench/<name>.json``, and say where."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    machine = {
        "cores": os.cpu_count(),
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
    }
    path.write_text(json.dumps({"machine": machine, **figures}, indent=1) + "\n")
    print(f"\n{path}")
