"""
The spool: does what waits there get taken in.

Law: a file's age is that of its event, which its name tells; none is opened.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from traced.client.spool import HIDDEN_PREFIX, parse_name, parse_note_name
from traced.doctor.finding import Finding, ok, warning, wrong

CHECK: Final = "spool"
# Looks of the daemon into the folder; a large backlog takes longer, but its oldest goes first.
LOOKS_MAX: Final = 10
WAIT_SECONDS_MIN: Final = 60.0
SHOWN_MAX: Final = 3


def look(folder: Path, scan_seconds: float, *, daemon_runs: bool) -> Iterator[Finding]:
    """Yield what waits in `folder`, was lost there, or does not belong there."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        names = []  # whoever spools first makes it
    except OSError as error:
        yield wrong(
            CHECK, f"{folder} cannot be read: {error.strerror}", "make it a folder of your own"
        )
        return
    yield _backlog(folder, names, scan_seconds, daemon_runs=daemon_runs)
    yield from _lost(names)
    yield from _strangers(folder, names)


def _backlog(folder: Path, names: list[str], scan_seconds: float, *, daemon_runs: bool) -> Finding:
    waiting = [name for name in map(parse_name, names) if name is not None]
    if not waiting:
        return ok(CHECK, f"nothing waits in {folder}")
    seconds = max(0.0, time.time() - min(name.unix_ns for name in waiting) / 1e9)
    wait = "1 file waits" if len(waiting) == 1 else f"{len(waiting)} files wait"
    told = f"{wait} in {folder}, the oldest for {seconds:.0f} s"
    if not daemon_runs:
        return warning(CHECK, told, "start the daemon, which takes them in")
    if seconds > max(WAIT_SECONDS_MIN, LOOKS_MAX * scan_seconds):
        return wrong(
            CHECK,
            told,
            "see why in the daemon's log, at `spool_file_left` or `writer_stalled`; what a newer"
            " traced wrote waits for the upgrade",
        )
    return ok(CHECK, told)


def _lost(names: list[str]) -> Iterator[Finding]:
    events = sum(note.events for note in map(parse_note_name, names) if note is not None)
    if events:
        yield warning(
            CHECK,
            f"{events} events may be lost: notes of it wait for the daemon",
            "make room on the disk; those that the daemon did not get either are lost, and"
            " `traced rejected` then lists what is known of them",
        )


def _strangers(folder: Path, names: list[str]) -> Iterator[Finding]:
    found = [name for name in names if not _is_ours(name)]
    if found:
        more = ", …" if len(found) > SHOWN_MAX else ""
        yield warning(
            CHECK,
            f"{len(found)} files of {folder} are not events: {', '.join(found[:SHOWN_MAX])}{more}",
            "move them away; the daemon does not read them",
        )


def _is_ours(name: str) -> bool:
    bare = name.removeprefix(HIDDEN_PREFIX)
    return parse_name(bare) is not None or parse_note_name(name) is not None
