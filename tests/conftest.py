"""What every test may use."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long one example takes is the machine's business; `timeout` in pyproject.toml ends a hang.
settings.register_profile(
    "traced", deadline=None, max_examples=int(os.environ.get("TRACED_EXAMPLES", "50"))
)
settings.load_profile("traced")

# `nohup` leaves SIGHUP ignored to all that it starts, and a daemon would rightly ignore it too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run async tests on plain asyncio, as the daemon does."""
    return "asyncio", {"use_uvloop": False}


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A private folder whose path leaves room for a socket's name; `tmp_path` need not."""
    with tempfile.TemporaryDirectory(prefix="traced-", dir="/tmp") as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="module", autouse=True)
def _no_child_is_left() -> Iterator[None]:
    """Fail a test file that ends with processes running, or dead and not waited for."""
    yield
    try:
        child = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return
    state = "still running" if child is None else f"not waited for (process {child.si_pid})"
    pytest.fail(f"a child process is {state}, expected none at the end of the file")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """
    A folder of the test's own with a short name: a socket's address holds 107 bytes.

    pytest's own names the run, the process and the test.
    """
    with tempfile.TemporaryDirectory(prefix="traced-", ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()
