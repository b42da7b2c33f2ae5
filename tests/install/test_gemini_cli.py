import json
from pathlib import Path

from traced.install.gemini_cli import AGENT, settings_path

COMMAND = "/v/traced-hook"


def test_hooks_are_in_the_settings(tmp_path: Path) -> None:
    """Below GEMINI_CLI_HOME, which is the home by default, or below the project."""
    home = {"HOME": "/home/dev"}
    assert settings_path(home) == Path("/home/dev/.gemini/settings.json")
    assert settings_path(home | {"GEMINI_CLI_HOME": "/g"}) == Path("/g/.gemini/settings.json")
    assert settings_path(home, tmp_path) == tmp_path / ".gemini/settings.json"


def test_an_entry_is_a_group_whose_timeout_is_in_milliseconds(tmp_path: Path) -> None:
    """Without a matcher, so at every tool."""
    plan = AGENT.form.plan(tmp_path / "settings.json", COMMAND, ("AfterTool",))
    handler = {"type": "command", "command": COMMAND, "timeout": 5000}
    assert json.loads(plan.after or b"") == {"hooks": {"AfterTool": [{"hooks": [handler]}]}}


def test_the_models_own_events_are_not_subscribed_to() -> None:
    """They would cost a process for each piece of an answer."""
    assert not [event for event in AGENT.events if "Model" in event or "Selection" in event]


def test_hooks_that_are_switched_off_are_warned_about(tmp_path: Path) -> None:
    """Gemini CLI runs none then; a comment it reads."""
    path = tmp_path / "settings.json"
    path.write_text('{"hooksConfig": {"enabled": false}}')
    [warning] = AGENT.warnings(AGENT.form.plan(path, COMMAND, AGENT.events))
    assert '"hooksConfig.enabled": false' in warning
    path.write_text('{"hooksConfig": {"enabled": true}} // mine')
    assert AGENT.warnings(AGENT.form.plan(path, COMMAND, AGENT.events)) == []
