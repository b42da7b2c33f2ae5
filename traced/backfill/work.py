"""
An import: session after session, each whole before it is noted as done.

Law: a file that cannot be read costs its session, and is told; what the daemon would remove at once
for its age is not handed to it.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from msgspec import Struct, field

from traced.backfill.files import SessionFiles, sub_agent_of
from traced.backfill.formats import FORMATS, Format, Reader, format_of
from traced.backfill.journal import Journal
from traced.backfill.records import records
from traced.backfill.sending import Sender, Taken
from traced.backfill.told import Asked, Counts, Unreadable
from traced.core.times import parse_time

# An agent's next version may begin its files with something new.
FIRST_MAX: Final = 20
TAIL_BYTES: Final = 256 * 1024
TIMESTAMP: Final = re.compile(rb'"timestamp":\s*"([^"]{20,40})"')

Complain = Callable[[str], None]
Advance = Callable[[int], None]


class Tally(Struct):
    """
    What was read, how many files' sessions were not, and what came of it.

    `unchanged` since they were read, or `failed`, because a file cannot be read or is of no format.
    """

    read: Counts = field(default_factory=Counts)
    unchanged: int = 0
    failed: int = 0
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
            if not self.again and self.journal.knows(session.paths):
                tally.unchanged += 1
                self._pass_over(session)
                return
            form = self._format(session)
            if form is None:
                tally.failed += 1
                self.complain(f"{session.paths[0]}: it is in no format that can be imported")
                self._pass_over(session)
            elif form.of_one and max(map(_last_used, session.paths)) < self.oldest_ms:
                tally.read.too_old += 1
                self._pass_over(session)
            else:
                self._read(
                    session, form.reader(Asked(self.oldest_ms, self._flaw_of(session))), tally
                )
                self.journal.note(session.paths)
        except OSError as error:
            tally.failed += 1
            self.complain(f"{error.filename or session.paths[0]}: {error.strerror or error}")
        except Unreadable as error:
            tally.failed += 1
            self._flaw_of(session)(str(error))

    def _flaw_of(self, session: SessionFiles) -> Complain:
        return lambda flaw: self.complain(f"{session.paths[0]}: {flaw}")

    def _pass_over(self, session: SessionFiles) -> None:
        self.advance(sum(path.stat().st_size for path in session.paths))

    def _format(self, session: SessionFiles) -> Format | None:
        """Return the format of a session's files; where they tell nothing yet, any will do."""
        firsts = (record for path in session.paths for record in _quietly(path))
        form: Format | None = FORMATS[0]
        for first in islice(firsts, FIRST_MAX):
            form = format_of(first)
            if form is not None:
                break
        return form

    def _read(self, session: SessionFiles, reader: Reader, tally: Tally) -> None:
        self.sender.send(self._lines(session, reader), tally.taken)
        tally.read.add(reader.counts)

    def _lines(self, session: SessionFiles, reader: Reader) -> Iterator[bytes]:
        if session.main is not None:
            yield from reader.read(self._records(session.main), None)
        for path in session.sub_agents:
            yield from reader.read(self._records(path), sub_agent_of(path))
        yield from reader.end()

    def _records(self, path: Path) -> Iterator[dict[str, object]]:
        return records(path, self.complain, self.advance)


def _quietly(path: Path) -> Iterator[dict[str, object]]:
    return records(path, lambda _: None, lambda _: None)


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
