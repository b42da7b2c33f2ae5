"""A database file, the writer's connection to it, and a recorder."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.store import writer

from traced.store.recorder import Recorder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the database is."""
    return tmp_path / "traced.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    """Return the writer's connection to a new database."""
    opened = writer(path)
    yield opened
    opened.close()


@pytest.fixture
def recorder(connection: sqlite3.Connection) -> Recorder:
    """Return a recorder on the new database."""
    return Recorder(connection)
