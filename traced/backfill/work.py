"""
An import: session after session, each whole before it is noted as done.

Law: a file that cannot be read costs its session, and is told; what the daemon would remove at once
for its age is not handed to it.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from traced.backfill.claude_code import Transcript
from traced.backfill.files import SessionFiles, sub_agent_of
from traced.backfill.journal import Journal
from traced.backfill.records import records
from traced.backfill.sending import Sender, Taken
from traced.core.times import parse_time

TAIL_BYTES: Final = 256 * 1024
TIMESTAMP: Final = re.compile(rb'"timestamp":\s*"([^"]{20,40})"')

Complain = Callable[[str], None]
Advance = Callable[[int], None]


class Tally(Struct):
    """How many sessions were read, unchanged since they were, or too old; and what came of them."""

    sessions: int = 0
    unchanged: int = 0
    too_old: int = 0
    failed: int = 0
    calls: int = 0
    taken: Taken = field(default_factory=Taken)


class Work(Struct):
    """
    What an import needs: where its lines go, what it remembers, and who hears of its progress.

    `oldest_ms` (Unix ms) is when a session must have been used last; without a `journal` all is
    read.
    """

    sender: Sender
    journal: Journal
    oldest_ms: int
    again: bool
    complain: Complain
    advance: Advance

    def take(self, session: SessionFiles, tally: Tally) -> None:
        """
        Import one session, or say why not.

        Raises:
            NotRunning: If no daemon answers. What it has taken it knows.
        """
        try:
            size = sum(path.stat().st_size for path in session.paths)
            if not self.again and self.journal.knows(session.paths):
                tally.unchanged += 1
                self.advance(size)
            elif max(map(_last_used, session.paths)) < self.oldest_ms:
                tally.too_old += 1
                self.advance(size)
            else:
                self._read(session, tally)
                self.journal.note(session.paths)
        except OSError as error:
            tally.failed += 1
            self.complain(f"{error.filename or session.paths[0]}: {error.strerror or error}")

    def _read(self, session: SessionFiles, tally: Tally) -> None:
        transcript = Transcript()
        self.sender.send(self._lines(session, transcript), tally.taken)
        tally.sessions += 1
        tally.calls += transcript.calls

    def _lines(self, session: SessionFiles, transcript: Transcript) -> Iterator[bytes]:
        if session.main is not None:
            yield from transcript.main(self._records(session.main))
        for path in session.sub_agents:
            sub_agent = sub_agent_of(path)
            if sub_agent is not None:
                yield from transcript.sub_agent(self._records(path), sub_agent)
        yield from transcript.end()

    def _records(self, path: Path) -> Iterator[dict[str, object]]:
        return records(path, self.complain, self.advance)


def _last_used(path: Path) -> int:
    """Return when something was written last: as its last lines say, else as the file does."""
    with path.open("rb") as file:
        found = path.stat()
        file.seek(max(0, found.st_size - TAIL_BYTES))
        for told in reversed(TIMESTAMP.findall(file.read(TAIL_BYTES))):
            try:
                at = parse_time(told.decode("utf-8", "replace"))
            except ValueError:
                continue
            if at is not None:
                return at
    return found.st_mtime_ns // 1_000_000
