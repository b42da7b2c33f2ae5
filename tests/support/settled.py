"""A daemon that is past its start: the companion of its database is made after it says READY."""

from collections import deque
from pathlib import Path

from support.daemon import wait_until
from support.proc import has_open

LOOKS_ALIKE = 50  # in half a second, by how `wait_until` polls


def opened_by(pid: int) -> set[int]:
    """Return the numbers of a process's descriptors."""
    return {int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()}


def settle(pid: int) -> None:
    """Wait until a process has what it opens at its start, and closes nothing more of it."""
    wait_until(lambda: has_open(pid, "traced-index.db"), "the companion of the database")
    seen = deque[set[int]](maxlen=LOOKS_ALIKE)

    def is_settled() -> bool:
        seen.append(opened_by(pid))
        return len(seen) == LOOKS_ALIKE and all(each == seen[0] for each in seen)

    wait_until(is_settled, "descriptors that stay the same")
