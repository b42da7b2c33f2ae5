"""
The formats that can be imported, and which of them a file is in.

Law: a file is known by its first records, never by its name or place. Who adds a format adds a
module with a reader and one line here.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

from traced.backfill import claude_code, codex, exported
from traced.backfill.fields import Record
from traced.backfill.told import Asked, Counts, SubAgent


class Reader(Protocol):
    """
    What makes lines of the files of one session, or of one file of many.

    Raises:
        Unreadable: From `read`, if nothing can be made of the file.
    """

    counts: Counts

    def read(self, records: Iterator[Record], sub_agent: SubAgent | None) -> Iterator[bytes]:
        """Yield what a file tells, the session's own file first; of whom, if its name says so."""

    def end(self) -> Iterator[bytes]:
        """Yield what could be told only after the last file."""


class Format(NamedTuple):
    """
    How to know a file of this format by one of its first records, and how to read it.

    The reader of a file `of_one` session need not look how old it is: its last lines said so.
    """

    name: str
    recognises: Callable[[Record], bool]
    reader: Callable[[Asked], Reader]
    of_one: bool = True


FORMATS: Final = (
    Format("Claude Code", claude_code.recognises, lambda _asked: claude_code.Transcript()),
    Format("Codex", codex.recognises, lambda _asked: codex.Rollouts()),
    Format("traced export", exported.recognises, exported.Export, of_one=False),
)


def format_of(record: Record) -> Format | None:
    """Return the format of a file that begins with this record, None if none is known by it."""
    return next((each for each in FORMATS if each.recognises(record)), None)
