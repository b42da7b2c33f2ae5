"""A database written by hand, and a reader on it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.rows import Recording

from traced.store.reader import ReadConnection, open_reader


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    """An empty database, open for writing."""
    recorded = Recording(tmp_path / "traced.db")
    with closing(recorded.connection):
        yield recorded


@pytest.fixture
def reader(recording: Recording) -> Iterator[ReadConnection]:
    """A reader on the recording."""
    with closing(open_reader(recording.path)) as connection:
        yield connection
