"""
An import: session after session, each whole before it is noted as done.

Law: a file that cannot be read costs its session, and is told; what the daemon would remove at once
for its age is not handed to it.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct, field

from traced.backfill.fields import Record
from traced.backfill.files import SessionFiles, sub_agent_of
from traced.backfill.formats import FORMATS, Format, Reader, format_of
from traced.backfill.journal import Journal, states_of
from traced.backfill.opened import opened
from traced.backfill.records import records, records_of
from traced.backfill.sending import Sender, Taken
from traced.backfill.told import Asked, Counts, Unreadable
from traced.core.times import parse_time

# An agent's next version may begin its files with something new.
FIRST_MAX: Final = 20
TAIL_BYTES: Final = 256 * 1024
TIMESTAMP: Final = re.compile(rb'"timestamp":\s*"([^"]{20,40})"')

NO_FORMAT: Final = (
    "not a format traced can import, expected a transcript of Claude Code or Codex, or"
    " what `traced export` wrote"
)

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

    def refuse(self, error: OSError, complain: Complain, name: str = "") -> None:
        """Count and tell what cannot be read: the file that the error names, else `name`."""
        self.failed += 1
        complain(f"{error.filename or name}: {error.strerror or error}")


class Work(Struct):
    """
    What an import needs: where its lines go, what it remembers, and where it reports progress.

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
        name = str(session.paths[0])
        with self._failing_alone(name, tally):
            if not self.again and self.journal.knows(session.paths):
                tally.unchanged += 1
                self._pass_over(session)
                return
            form = self._format(session)
            if form is None:
                self._pass_over(session)
                raise Unreadable(NO_FORMAT)
            if form.of_one and max(map(_last_used, session.paths)) < self.oldest_ms:
                tally.read.too_old += 1
                self._pass_over(session)
            else:
                # As they are now: what is written while they are read is for the next time.
                states = states_of(session.paths)
                reader = form.reader(self._asked(name))
                self._send(name, reader, self._lines(session, reader), tally)
                self.journal.note(states)

    def take_stream(self, stream: BinaryIO, name: str, tally: Tally) -> None:
        """
        Import what can be read once only, or say why not; nothing of it is noted as done.

        Raises:
            NotRunning: As from `take`.
        """
        with self._failing_alone(name, tally):
            found = records_of(stream, name, self.complain, self.advance)
            firsts: list[Record] = []
            form = None
            for first in islice(found, FIRST_MAX):
                firsts.append(first)
                if (form := format_of(first)) is not None:
                    break
            if form is None:
                raise Unreadable(NO_FORMAT)
            reader = form.reader(self._asked(name))
            told = reader.read(chain(firsts, found), None)
            self._send(name, reader, chain(told, reader.end()), tally)

    @contextmanager
    def _failing_alone(self, name: str, tally: Tally) -> Iterator[None]:
        """Count and tell what cannot be read in the block: it costs its session, not the others."""
        try:
            yield
        except OSError as error:
            tally.refuse(error, self.complain, name)
        except Unreadable as error:
            tally.failed += 1
            self.complain(f"{name}: {error}")

    def _asked(self, name: str) -> Asked:
        return Asked(self.oldest_ms, lambda flaw: self.complain(f"{name}: {flaw}"))

    def _pass_over(self, session: SessionFiles) -> None:
        self.advance(sum(path.stat().st_size for path in session.paths))

    def _format(self, session: SessionFiles) -> Format | None:
        """Return the format of a session's files; where they tell nothing yet, any will do."""
        flaws: deque[str] = deque(maxlen=1)
        found = (record for path in session.paths for record in _quietly(path, flaws.append))
        tells_nothing = True
        for first in islice(found, FIRST_MAX):
            tells_nothing = False
            if (form := format_of(first)) is not None:
                return form
        return FORMATS[0] if tells_nothing and not flaws else None

    def _send(self, name: str, reader: Reader, lines: Iterator[bytes], tally: Tally) -> None:
        taken = Taken()
        self.sender.send(lines, taken)
        if taken.refused:
            self.complain(f"{name}: {taken.refused} refused, the first: {taken.first_refusal}")
        tally.taken.add(taken)
        tally.read.add(reader.counts)

    def _lines(self, session: SessionFiles, reader: Reader) -> Iterator[bytes]:
        if session.main is not None:
            yield from reader.read(self._records(session.main), None)
        for path in session.sub_agents:
            yield from reader.read(self._records(path), sub_agent_of(path))
        yield from reader.end()

    def _records(self, path: Path) -> Iterator[Record]:
        return records(path, self.complain, self.advance)


def _quietly(path: Path, complain: Complain) -> Iterator[Record]:
    return records(path, complain, lambda _: None)


def _last_used(path: Path) -> int:
    """Return when something was written last: as its last lines say, else as the file does."""
    with opened(path) as file:
        found = os.fstat(file.fileno())
        file.seek(max(0, found.st_size - TAIL_BYTES))
        for told in reversed(TIMESTAMP.findall(file.read(TAIL_BYTES))):
            try:
                at = parse_time(told.decode("utf-8", "replace"))
            except ValueError:
                continue
            if at is not None:
                return at
    return found.st_mtime_ns // 1_000_000
