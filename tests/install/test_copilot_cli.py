import json
from pathlib import Path

import pytest

from traced.install.command import hook_commands
from traced.install.copilot_cli import AGENT, settings_path

COMMAND = "/v/traced-hook || exit 0"


def test_hooks_are_in_a_file_of_our_own(tmp_path: Path) -> None:
    """In COPILOT_HOME, which is ~/.copilot by default, or in the project's folder."""
    home = {"HOME": "/home/dev"}
    assert settings_path(home) == Path("/home/dev/.copilot/hooks/traced.json")
    assert settings_path(home | {"COPILOT_HOME": "/c"}) == Path("/c/hooks/traced.json")
    assert settings_path(home, tmp_path) == tmp_path / ".github/hooks/traced.json"


def test_an_entry_is_a_command_of_the_shell_and_the_file_has_a_version(tmp_path: Path) -> None:
    """Its key is the shell's name, for which older versions have no other."""
    plan = AGENT.form.plan(tmp_path / "traced.json", COMMAND, ("Stop",))
    assert json.loads(plan.after or b"") == {
        "hooks": {"Stop": [{"type": "command", "bash": COMMAND, "timeoutSec": 5}]},
        "version": 1,
    }


def test_the_command_cannot_fail() -> None:
    """Any other exit code than 0 before a call denies that call."""
    for command in hook_commands(AGENT.name, Path("/s"), Path("/d")):
        assert command.shell.endswith("|| exit 0")


def test_only_names_with_which_the_payload_names_its_event_are_used() -> None:
    """The names in camel case bring a payload without; so does PermissionRequest (1.0.102)."""
    assert all(event[0].isupper() for event in AGENT.events)
    assert "PermissionRequest" not in AGENT.events


def test_our_file_goes_without_a_backup(tmp_path: Path) -> None:
    """Nothing is left; but a file that others wrote in stays, with a backup."""
    path = tmp_path / "traced.json"
    AGENT.form.plan(path, COMMAND, AGENT.events).apply()
    AGENT.form.plan_uninstall(path).apply()
    assert list(tmp_path.iterdir()) == []
    path.write_text('{"hooks": {"Stop": [{"type": "command", "bash": "theirs"}]}}')
    AGENT.form.plan(path, COMMAND, AGENT.events).apply()
    assert AGENT.form.plan_uninstall(path).apply() is not None
    assert path.read_text() == '{"hooks": {"Stop": [{"type": "command", "bash": "theirs"}]}}'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{} // mine", "Copilot CLI reads strict JSON"),
        ('{"disableAllHooks": true}', "runs no hook"),
    ],
)
def test_hooks_that_will_not_run_are_warned_about(tmp_path: Path, text: str, reason: str) -> None:
    """Copilot CLI 1.0.102 ignores a file with comments, and one that switches its hooks off."""
    path = tmp_path / "traced.json"
    path.write_text(text)
    [warning] = AGENT.warnings(AGENT.form.plan(path, COMMAND, AGENT.events))
    assert reason in warning
