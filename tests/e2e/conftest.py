"""The versions that are tried: E2E_VERSIONS names others, as `latest`."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.claude import Program, install
from e2e.npm import NotInstalled
from support.daemon import Daemon

CACHE = Path(__file__).parents[2] / ".cache"
VERSIONS = os.environ.get("E2E_VERSIONS", "2.0.76 2.1.197 2.1.330").split()


@pytest.fixture(scope="module", params=VERSIONS)
def program(request: pytest.FixtureRequest) -> Program:
    """A version of the real program."""
    try:
        return install(request.param, CACHE)
    except NotInstalled as reason:
        pytest.skip(f"Claude Code {request.param} cannot be installed: {reason}")


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's name, and does not name traced."""
    with tempfile.TemporaryDirectory(prefix="e2e-", dir="/tmp") as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="module")
def daemon(program: Program, module_folder: Path) -> Iterator[Daemon]:
    """A daemon that records one version of the program."""
    version = "-".join(map(str, program.version))
    with Daemon(module_folder / f"d{version}") as running:
        yield running
        assert running.stop() == 0
