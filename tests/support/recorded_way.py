"""The real way of a line, without sockets: protocol, translator and recorder on a real file."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support.store import Row, rows, writer
from support.store_room import records, submission, translator
from traced.core.event import Outcome
from traced.ingest import lost
from traced.store.cache import UNITS_MAX
from traced.store.load import CALLS_LOADED_MAX
from traced.store.recorder import Recorder

VIEWS = ("execution_traces", "sessions", "prompts", "agents")
# What the database refuses, as it would a row that breaks one of its laws.
POISON = """
CREATE TEMP TRIGGER poison BEFORE INSERT ON main.step WHEN NEW.name = 'A poison'
BEGIN SELECT RAISE(ABORT, 'poison'); END
"""


class RecordedWay:
    """A daemon's inside, fed with lines; `restart` forgets all but the file."""

    def __init__(
        self,
        path: Path,
        *,
        content: bool,
        units_max: int = UNITS_MAX,
        calls_max: int = CALLS_LOADED_MAX,
    ) -> None:
        self._path = path
        self._content = content
        self._calls_max = calls_max
        self._open(units_max)

        if not path.exists():
            path.write_bytes(_empty_database())

    def _open(self, units_max: int) -> None:
        self.connection = writer(self._path)
        self.connection.execute(POISON)
        self._recorder = Recorder(self.connection, units_max=units_max, calls_max=self._calls_max)
        mode: Any = "full" if self._content else "summary"
        self._translator = translator(self._recorder.agents_of, mode)

    def restart(self, units_max: int) -> None:
        """Close the file and open it again, with another bound on what is kept in memory."""
        self.connection.close()
        self._open(units_max)

    def commit(self, lines: list[bytes], now: int) -> list[Outcome]:
        """Write lines in one batch; return what their senders are told."""
        batch = submission(records(*lines), received_at=now)
        return self._recorder.append(self._translator.entries(batch), now)

    def look(self, now: int) -> None:
        """Look for agents that are gone or silent, as the daemon does every few seconds."""
        after_pk: int | None = 0
        while after_pk is not None:
            after_pk, _ = lost.look_at_some(after_pk, now, self._recorder)

    def rows(self) -> dict[str, list[Row]]:
        """Return the public rows, each relation in its own order."""
        return {view: rows(self.connection, f"SELECT * FROM {view}") for view in VIEWS}

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


@cache
def _empty_database() -> bytes:
    # Made once: migrating is synchronous, and would take longer than the walk itself.
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        writer(path).close()
        return path.read_bytes()
