"""A database written by hand, and who asks the application about it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from support.rows import Recording
from support.web import app_on, asking


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    """An empty database, open for writing."""
    recorded = Recording(tmp_path / "traced.db")
    with closing(recorded.connection):
        yield recorded


@pytest.fixture
async def api(recording: Recording) -> AsyncIterator[httpx.AsyncClient]:
    """Who asks the application, in this process and without the door, about the recording."""
    async with asking(app_on(recording.path.parent)) as client:
        yield client
