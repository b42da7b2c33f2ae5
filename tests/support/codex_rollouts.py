"""Recorded sessions of Codex: what its hooks told, and the rollouts that it wrote beside."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from support.recorded import FIXTURES
from traced.backfill.codex import Rollouts
from traced.backfill.files import sessions
from traced.backfill.records import records

FOLDER = FIXTURES / "codex" / "0.169.0" / "rollouts"


def hooked() -> list[bytes]:
    """Return the lines of the hooks, session by session."""
    return (FOLDER / "hooks.ndjson").read_bytes().splitlines(keepends=True)


def imported() -> Iterator[bytes]:
    """Yield the lines that an import of all rollouts sends."""
    for session in sessions([FOLDER]):
        if session.paths[0].name != "hooks.ndjson":
            yield from told(session.paths)


def told(paths: Sequence[Path]) -> Iterator[bytes]:
    """Yield the lines that an import of one session's rollouts sends."""
    reader = Rollouts()
    for path in paths:
        yield from reader.read(records(path, _no_flaw, lambda _: None), None)
    yield from reader.end()


def _no_flaw(flaw: str) -> None:
    raise AssertionError(flaw)
