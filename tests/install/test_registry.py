import importlib
import json
from pathlib import Path

import pytest

from traced.agents import claude_code, codex
from traced.install.agent import Agent, JsonForm
from traced.install.registry import AGENTS

NAMES = ("claude-code", "codex", "gemini-cli", "cursor", "copilot-cli", "opencode")
COMMAND = "/v/traced-hook --agent 'x' >/dev/null 2>&1 || exit 0"
HOME = {"HOME": "/home/dev"}
CONTENTS = (
    "{}",
    '{"version": 1}\n',
    '{"hooks":{},"version":1}',
    '{\r\n\t// größer\r\n\t"model": "m", /* ü */\r\n\t"hooks": {"Stop": [], "stop": []}\r\n}',
    '\ufeff{\n    "version": 1,\n    "hooks": {\n        "x": [{"command": "theirs"}]\n    }\n}\n',
)

every_agent = pytest.mark.parametrize("agent", AGENTS.values(), ids=AGENTS)
in_json = pytest.mark.parametrize(
    "agent", [agent for agent in AGENTS.values() if isinstance(agent.form, JsonForm)]
)


def read_by_adapter(name: str) -> set[str]:
    """Return the names of the events that the adapter of this agent reads."""
    adapter = importlib.import_module(f"traced.agents.{name.replace('-', '_')}")
    tables = (getattr(adapter, table, {}) for table in ("READERS", "EVENTS"))
    read = {event for table in tables for event in table}
    return read | {*claude_code.READERS, codex.INTERRUPTED} if name == "codex" else read


def test_each_agent_is_known_by_its_name() -> None:
    """The names are those of the envelope's `agent`."""
    assert tuple(AGENTS) == NAMES
    assert all(agent.name == name for name, agent in AGENTS.items())


@every_agent
def test_only_events_that_the_adapter_reads_are_subscribed_to(agent: Agent) -> None:
    """Each costs its user a process, so none is in vain."""
    assert set(agent.events) <= read_by_adapter(agent.name)
    assert len(set(agent.events)) == len(agent.events)


@every_agent
def test_settings_are_below_the_folder_or_the_project(agent: Agent, tmp_path: Path) -> None:
    """Whose folder tells that the agent is here, and nowhere else."""
    user = agent.settings_path(HOME, None)
    assert user.is_relative_to(agent.folder(HOME))
    assert agent.folder(HOME).is_relative_to("/home/dev")
    assert agent.settings_path(HOME, tmp_path).is_relative_to(tmp_path)


@every_agent
def test_a_new_file_comes_and_goes(agent: Agent, tmp_path: Path) -> None:
    """It holds the command for each event, for this user alone; twice is once."""
    path = tmp_path / "folder" / "file"
    agent.form.plan(path, COMMAND, agent.events).apply()
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.dumps(COMMAND)[1:-1] in path.read_text()
    assert not agent.form.plan(path, COMMAND, agent.events).changes
    agent.form.plan_uninstall(path).apply()
    assert not path.exists()


@every_agent
def test_another_command_replaces_the_one_before(agent: Agent, tmp_path: Path) -> None:
    """An installation elsewhere leaves nothing of the first."""
    path, other = tmp_path / "file", COMMAND.replace("/v/", "/w/")
    agent.form.plan(path, COMMAND, agent.events).apply()
    agent.form.plan(path, other, agent.events).apply()
    assert "/v/" not in path.read_text()
    assert agent.form.plan(tmp_path / "fresh", other, agent.events).after == path.read_bytes()


@in_json
@pytest.mark.parametrize("text", CONTENTS)
def test_settings_are_the_same_byte_for_byte_after_uninstall(
    agent: Agent, text: str, tmp_path: Path
) -> None:
    """Through a link, with the mode kept, whatever was in them."""
    target, link = tmp_path / "dotfile", tmp_path / "settings.json"
    target.write_bytes(text.encode())
    target.chmod(0o640)
    link.symlink_to(target)
    agent.form.plan(link, COMMAND, agent.events).apply()
    assert target.read_bytes().count(b"/v/traced-hook") == len(agent.events)
    agent.form.plan_uninstall(link).apply()
    assert target.read_bytes() == text.encode()
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
