"""Recorded sessions of Codex: what its hooks told, and the rollouts that it wrote beside."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from support.recorded import FIXTURES
from support.store import NOW, Row, rows, writer
from traced.backfill.codex import Rollouts
from traced.backfill.files import sessions
from traced.backfill.records import records
from traced.core.capture import Capture
from traced.core.event import Outcome
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.rejections import Rejections
from traced.core.wire import Control
from traced.ingest.intake import Submission
from traced.ingest.translate import Translator
from traced.store.recorder import Recorder

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


class Recording:
    """A database, and what is told to it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def take(self, lines: Iterable[bytes]) -> list[Outcome]:
        """Record lines as one batch; return what their senders would be told."""
        capture = Capture("summary", Redactor())
        items = Protocol(capture).receive_data(b"".join(lines))
        whole = [item for item in items if not isinstance(item, Control)]
        submission = Submission(whole, 0, NOW, None, lambda _outcomes: None)
        entries = Translator(capture, Rejections(capture)).entries(submission, lambda _: {})
        with closing(writer(self.path)) as connection:
            return Recorder(connection).append(entries, NOW)

    def rows(self, query: str) -> list[Row]:
        """Return what a reader sees."""
        with closing(writer(self.path)) as connection:
            return rows(connection, query)


def _no_flaw(flaw: str) -> None:
    raise AssertionError(flaw)
