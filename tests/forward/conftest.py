"""A database written by hand, and a backend on loopback."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.forwarding import Reader, reading
from support.otlp import Backend, backend
from support.rows import Recording


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    """An empty database, open for writing."""
    recorded = Recording(tmp_path / "traced.db")
    with closing(recorded.connection):
        yield recorded


@pytest.fixture
def otlp() -> Iterator[Backend]:
    """A backend that takes everything."""
    with backend() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on loopback is asked directly."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def reader(recording: Recording) -> Iterator[Reader]:
    """One who has seen nothing yet."""
    with reading(recording) as found:
        yield found
