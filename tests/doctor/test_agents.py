from pathlib import Path

import pytest

from traced.cli.hooks import AGENTS as INSTALLED
from traced.doctor.agents import AGENTS, Agent
from traced.install.errors import SettingsError


def test_every_agent_that_is_installed_into_is_looked_at() -> None:
    """What `traced install` can write, `traced doctor` can judge."""
    assert [agent.name for agent in AGENTS] == list(INSTALLED)


@pytest.mark.parametrize("agent", AGENTS, ids=[agent.name for agent in AGENTS])
def test_settings_are_read_as_they_stand(tmp_path: Path, agent: Agent) -> None:
    """None where there is no file; what is no settings file is refused."""
    path = agent.settings_path({"HOME": str(tmp_path)})
    assert path.is_relative_to(tmp_path)
    assert agent.read(path) is None

    path.parent.mkdir(parents=True)
    path.write_text("{ }")
    assert agent.read(path) == b"{ }"

    path.write_text("no settings")
    with pytest.raises(SettingsError):
        agent.read(path)
