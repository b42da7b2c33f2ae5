"""Install, run, uninstall: the settings of the real program afterwards are what they were."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.claude import SKIP, Bench, Program
from e2e.scenario import follow
from e2e.scenarios import RESUMED
from support.daemon import Daemon, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

THEIRS = """{
    "env": {"GREETING": "hello"},   "includeCoAuthoredBy": false,
  "hooks": {
    "PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "true"}]}] },
  "permissions": {"allow": ["Bash(ls:*)"]}
}
"""


@pytest.fixture(params=[None, THEIRS], ids=["none", "theirs"])
def settings(request: pytest.FixtureRequest) -> str | None:
    """What the user has in the settings before."""
    text: str | None = request.param
    return text


@pytest.fixture
def bench(program: Program, module_folder: Path) -> Iterator[Bench]:
    """A home without hooks."""
    folder = Path(tempfile.mkdtemp(dir=module_folder))
    with Bench(folder, program, RESUMED.scripts) as bench:
        yield bench


def test_after_uninstalling_the_settings_are_as_before(
    bench: Bench, daemon: Daemon, settings: str | None
) -> None:
    """Byte for byte, or no file where there was none; the hooks ran in between, and not after."""
    if settings is not None:
        bench.settings.write_text(settings)
        bench.settings.chmod(0o640)
    bench.traced(daemon, "install", "claude-code")
    start = ("--session-id", "@session", SKIP)
    assert bench.run(*start, stdin=follow("first").encode()).exit_code == 0
    wait_until(lambda: bool(daemon.steps(session_id=bench.session_id, status="ok")), "its step")

    bench.traced(daemon, "uninstall", "claude-code")
    if settings is None:
        assert not bench.settings.exists()
    else:
        assert bench.settings.read_text() == settings
        assert bench.settings.stat().st_mode & 0o777 == 0o640
    received = daemon.status()["received"]
    assert bench.run("--continue", SKIP, stdin=follow("second").encode()).exit_code == 0
    assert daemon.status()["received"] == received
