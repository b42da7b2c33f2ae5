"""
Which of Codex's files tell of one session.

Law: each thread has a file of its own, and only its first line says whose: a sub-agent's names the
session that it works for.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from traced.agents.fields import mapping
from traced.backfill.codex import Thread, thread_of
from traced.backfill.opened import opened

NAME: Final = re.compile(r"rollout-.*\.jsonl\Z")
# It holds the instructions that the model was given, some tens of KiB.
FIRST_BYTES_MAX: Final = 4 * 1024 * 1024


def is_rollout(path: Path) -> bool:
    """Tell from its name whether it is one."""
    return NAME.match(path.name) is not None


def by_session(paths: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """Yield the files of each session, its own first, in the order in which they were met."""
    found: dict[str, list[tuple[bool, Path]]] = {}
    for path in paths:
        thread = _thread_of(path)
        session = str(path) if thread is None else thread.session_id
        is_own = thread is None or thread.sub_agent is None
        found.setdefault(session, []).append((not is_own, path))
    for files in found.values():
        yield tuple(path for _, path in sorted(files))


def _thread_of(path: Path) -> Thread | None:
    try:
        with opened(path) as file:
            first = json.loads(file.readline(FIRST_BYTES_MAX))
    except (OSError, ValueError, RecursionError):
        return None
    return thread_of(mapping(first, "payload")) if isinstance(first, dict) else None
