"""Install, run, uninstall: the settings of the real program afterwards are what they were."""

import os
from collections.abc import Iterator

import pytest
from support.daemon import Daemon, wait_until

from e2e.claude import SKIP, Bench, Program
from e2e.scenarios import BASIC, follow

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
def bench(program: Program, daemon: Daemon, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A home without hooks."""
    folder = daemon.folder / f"bench{abs(hash(request.node.name)):x}"
    with Bench(folder, program, BASIC.scripts) as bench:
        yield bench


def test_after_uninstalling_the_settings_are_as_before(
    bench: Bench, daemon: Daemon, settings: str | None
) -> None:
    """Byte for byte, or no file where there was none; the hooks ran in between, and not after."""
    if settings is not None:
        bench.settings.write_text(settings)
        os.chmod(bench.settings, 0o640)
    bench.traced(daemon, "install", "claude-code")
    start = ("--session-id", "@session", SKIP)
    assert bench.run(*start, stdin=follow("basic").encode()).exit_code == 0
    wait_until(
        lambda: len(daemon.steps(session_id=bench.session_id, status="ok")) == 4, "four steps"
    )

    bench.traced(daemon, "uninstall", "claude-code")
    if settings is None:
        assert not bench.settings.exists()
    else:
        assert bench.settings.read_text() == settings
        assert bench.settings.stat().st_mode & 0o777 == 0o640
    received = daemon.status()["received"]
    assert bench.run("--continue", SKIP, stdin=follow("basic").encode()).exit_code == 0
    assert daemon.status()["received"] == received
