"""A database written by hand and a reader on it; one that is recorded, and its recorder."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.rows import Recording
from support.store import writer

from traced.store.reader import ReadConnection, open_reader
from traced.store.recorder import Recorder


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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the writer's database is."""
    return tmp_path / "traced.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """The writer's connection to a new database."""
    with closing(writer(path)) as opened:
        yield opened


@pytest.fixture
def recorder(connection: sqlite3.Connection) -> Recorder:
    """A recorder on the new database."""
    return Recorder(connection)
