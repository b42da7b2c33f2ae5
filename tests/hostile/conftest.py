"""What the hostile tests share."""

from collections.abc import Iterator

import pytest
from support.attack import LONG, raise_descriptors
from support.daemon import Daemon


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Return a daemon that all attacks of a file are made on, one after the other."""
    raise_descriptors(20_000 if LONG else 1_000)
    with Daemon(tmp_path_factory.mktemp("h") / "d") as daemon:
        yield daemon
