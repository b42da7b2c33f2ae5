import json
from pathlib import Path

import pytest

from traced.doctor.finding import Finding
from traced.doctor.hooks import Places, look
from traced.install import claude_code, opencode
from traced.install.agent import Agent, Subscription
from traced.install.command import HookCommand, hook_commands
from traced.install.registry import AGENTS
from traced.settings import Effective

VERSION = claude_code.Version(2, 1, 330)
EVENTS = claude_code.events_for(VERSION)
# The agent itself need not be on the machine of the tests.
CLAUDE = claude_code.AGENT._replace(choose=lambda _version: Subscription(EVENTS, str(VERSION)))


@pytest.fixture
def settings(environment: dict[str, str]) -> Path:
    """Where this user's Claude Code has its settings."""
    return claude_code.settings_path(environment)


@pytest.fixture
def command(found: Effective) -> HookCommand:
    """The command that belongs there."""
    return hook_commands("claude-code", found.config.socket, found.config.spool)[0]


@pytest.fixture
def places(found: Effective) -> Places:
    """Where hooks may hand over."""
    return Places(found.socket_places, found.config.spool)


def install(settings: Path, command: str, events: tuple[str, ...] = EVENTS) -> None:
    """Write settings that run `command` at these events."""
    claude_code.AGENT.form.plan(settings, command, events).apply()


def one(agent: Agent, environment: dict[str, str], places: Places) -> Finding:
    """The only thing that is found."""
    (finding,) = look(agent, environment, places)
    assert finding.check == "hooks of claude-code"
    return finding


def test_hooks_as_install_writes_them_are_ok(
    settings: Path, command: HookCommand, places: Places, environment: dict[str, str]
) -> None:
    """Every event that the version knows runs a command that works, for the right places."""
    install(settings, command.shell)

    finding = one(CLAUDE, environment, places)

    assert finding.state == "ok"
    assert finding.told.startswith("15 events of")


def test_an_agent_that_is_not_here_is_passed_over(
    places: Places, environment: dict[str, str]
) -> None:
    """Nobody is told to install hooks into what he does not have."""
    absent = CLAUDE._replace(programs=("no-such-agent",))

    assert list(look(absent, environment, places)) == []


def test_an_agent_without_our_hooks_is_a_warning(
    places: Places, environment: dict[str, str]
) -> None:
    """The agent is there, and nothing of it is recorded."""
    finding = one(CLAUDE._replace(programs=("sh",)), environment | {"PATH": "/bin"}, places)

    assert (finding.state, finding.remedy) == ("warning", "run `traced install claude-code`")


def test_a_missing_interpreter_is_wrong(
    settings: Path, command: HookCommand, places: Places, environment: dict[str, str]
) -> None:
    """As after a virtual environment was removed; what is missing is named."""
    install(settings, command.shell.replace(str(command.python), "/nowhere/python"))

    finding = one(CLAUDE, environment, places)

    assert finding.state == "wrong"
    assert "/nowhere/python cannot be run" in finding.told


def test_a_missing_compiled_client_is_a_warning(
    settings: Path,
    command: HookCommand,
    places: Places,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    """The one in Python takes over, ten times as slow."""
    program = tmp_path / "bin/traced-hook"
    both = HookCommand(
        command.python, command.client, command.agent, command.socket, command.spool, program
    )
    install(settings, both.shell)

    finding = one(CLAUDE, environment, places)

    assert (finding.state, finding.told) == (
        "warning",
        f"{program} cannot be run; another client takes over",
    )


def test_another_socket_is_wrong(
    settings: Path, places: Places, environment: dict[str, str]
) -> None:
    """Events go where no daemon of these settings listens."""
    elsewhere = hook_commands("claude-code", Path("/elsewhere/t.sock"), places.spool)[0]
    install(settings, elsewhere.shell)

    finding = one(CLAUDE, environment, places)

    assert finding.state == "wrong"
    assert finding.told == (f"a command sends to /elsewhere/t.sock, expected {places.sockets[0]}")


def test_another_spool_is_wrong(
    settings: Path, places: Places, environment: dict[str, str]
) -> None:
    """What is spooled there is never taken in."""
    elsewhere = hook_commands("claude-code", places.sockets[0], Path("/elsewhere/spool"))[0]
    install(settings, elsewhere.shell)

    finding = one(CLAUDE, environment, places)

    assert (finding.state, finding.told) == (
        "wrong",
        f"a command spools to /elsewhere/spool, expected {places.spool}",
    )


def test_places_that_the_environment_decides_are_a_warning(
    settings: Path, command: HookCommand, places: Places, environment: dict[str, str]
) -> None:
    """A project's environment could send events elsewhere."""
    install(settings, command.first)

    assert one(CLAUDE, environment, places).state == "warning"


def test_an_event_that_is_missing_is_a_warning(
    settings: Path, command: HookCommand, places: Places, environment: dict[str, str]
) -> None:
    """As after an upgrade of the agent, or when somebody took it out."""
    install(settings, command.shell, tuple(event for event in EVENTS if event != "PreToolUse"))

    finding = one(CLAUDE, environment, places)

    assert (finding.state, finding.told) == ("warning", "not called for PreToolUse")


def test_an_event_that_the_version_does_not_know_is_a_warning(
    settings: Path, command: HookCommand, places: Places, environment: dict[str, str]
) -> None:
    """One unknown name makes an old Claude Code run no hook at all."""
    install(settings, command.shell)
    older = tuple(event for event in EVENTS if event != "PostModelSwitch")

    finding = one(
        CLAUDE._replace(choose=lambda _version: Subscription(older, None)), environment, places
    )

    assert finding.state == "warning"
    assert "PostModelSwitch" in finding.told


def test_an_event_that_is_called_twice_is_a_warning(
    settings: Path, command: HookCommand, places: Places, environment: dict[str, str]
) -> None:
    """Two installations would both report it."""
    install(settings, command.shell)
    hooks = json.loads(settings.read_bytes())
    hooks["hooks"]["Stop"] *= 2
    settings.write_text(json.dumps(hooks))

    assert one(CLAUDE, environment, places).told == "called more than once: Stop"


def test_hooks_that_are_switched_off_are_wrong(
    settings: Path, command: HookCommand, places: Places, environment: dict[str, str]
) -> None:
    """The agent's own switch for all hooks."""
    settings.parent.mkdir()
    settings.write_text('{"disableAllHooks": true}')
    install(settings, command.shell)

    finding = one(CLAUDE, environment, places)

    assert finding.state == "wrong"
    assert '"disableAllHooks": true' in finding.told


def test_settings_that_are_no_json_are_wrong(
    settings: Path, places: Places, environment: dict[str, str]
) -> None:
    """Line and column are named, and the remedy is to mend the file."""
    settings.parent.mkdir()
    settings.write_text('{"hooks": ')

    finding = one(CLAUDE, environment, places)

    assert finding.state == "wrong"
    assert str(settings) in finding.told


@pytest.mark.parametrize("agent", AGENTS.values(), ids=list(AGENTS))
def test_each_agent_as_install_leaves_it_is_ok(
    agent: Agent, found: Effective, places: Places, environment: dict[str, str]
) -> None:
    """What `traced install` writes, `traced doctor` finds and tries."""
    looked_at = agent._replace(choose=None)
    command = hook_commands(agent.name, found.config.socket, found.config.spool)[0]
    path = agent.settings_path(environment, None)
    agent.form.plan(path, command.shell, agent.events).apply()

    (finding,) = look(looked_at, environment, places)

    assert (finding.check, finding.state) == (f"hooks of {agent.name}", "ok")
    assert finding.told.startswith(f"{len(agent.events)} events of {path}")


def test_a_plugin_of_others_is_none_of_ours(places: Places, environment: dict[str, str]) -> None:
    """What stands in its place without our first line calls nothing of traced."""
    path = opencode.settings_path(environment)
    path.parent.mkdir(parents=True)
    path.write_text('const COMMAND = "traced-hook";\n')

    (finding,) = look(opencode.AGENT, environment, places)

    assert (finding.state, finding.remedy) == ("warning", "run `traced install opencode`")
