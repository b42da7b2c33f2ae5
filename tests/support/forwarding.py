"""A forwarder whose backend takes everything."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from support.rows import START, Recording
from traced.forward.cursor import Cursor
from traced.forward.family import Moment, Telling
from traced.forward.gather import Slice, gather
from traced.store.reader import ReadConnection, open_reader
from traced.telemetry.ids import Origin
from traced.telemetry.spans import Span

HERE = Origin("claude-code", "s1")
ROOT = "invoke_agent claude-code"
SOON = START + 60_000  # all that is at the start has settled


class Reader:
    """A forwarder whose backend takes everything."""

    def __init__(self, connection: ReadConnection, *, content: bool = False) -> None:
        self.connection = connection
        self.cursor = Cursor()
        self.telling = Telling(content, "host")

    def slice(self, now_ms: int = SOON) -> Slice:
        """Take the next slice."""
        found = gather(self.connection, self.cursor, self.telling, Moment(now_ms))
        self.cursor = found.cursor
        return found

    def spans(self, now_ms: int = SOON) -> list[Span]:
        """Take slices until there is no more."""
        taken: list[Span] = []
        while True:
            found = self.slice(now_ms)
            taken += found.spans
            if not found.has_more:
                return taken

    def names(self, now_ms: int = SOON) -> list[str]:
        """Take slices; return the names of their spans."""
        return [span.name for span in self.spans(now_ms)]


@contextmanager
def reading(recording: Recording, *, content: bool = False) -> Iterator[Reader]:
    """Read a recording from its beginning."""
    with closing(open_reader(recording.path)) as connection:
        yield Reader(connection, content=content)
