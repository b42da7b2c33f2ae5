"""A database written by hand."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.rows import Recording

from traced.store.index.companion import open_with_companion
from traced.store.reader import ReadConnection


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    """An empty database, open for writing."""
    recorded = Recording(tmp_path / "traced.db")
    with closing(recorded.connection):
        yield recorded


@pytest.fixture
def reader(recording: Recording) -> Iterator[ReadConnection]:
    """A reader on the recording."""
    with closing(open_with_companion(recording.path)) as connection:
        yield connection
