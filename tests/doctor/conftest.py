"""An installation below a folder of the test's own: its places are there, and private."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.rows import Recording

from traced.settings import Effective, effective


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a user whose home this folder is, and who has no agent on PATH."""
    programs, place = str(tmp_path / "bin"), str(tmp_path / "t.sock")
    return {"HOME": str(tmp_path), "PATH": programs, "TRACED_SOCKET": place}


@pytest.fixture
def found(environment: dict[str, str]) -> Effective:
    """The settings that hold there; the folders are made."""
    settings = effective({}, environment)
    settings.config.spool.mkdir(mode=0o700, parents=True)
    settings.config.db.parent.chmod(0o700)
    return settings


@pytest.fixture
def recording(found: Effective) -> Iterator[Recording]:
    """A database there, open for writing."""
    recorded = Recording(found.config.db)
    for path in found.config.db.parent.glob("traced.db*"):
        path.chmod(0o600)
    with closing(recorded.connection):
        yield recorded


@pytest.fixture
def listening(found: Effective) -> Iterator[socket.socket]:
    """A socket there on which nobody answers."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(found.config.socket))
        found.config.socket.chmod(0o600)
        yield sock
