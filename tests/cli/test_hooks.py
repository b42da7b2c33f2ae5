import json
import shutil
from pathlib import Path

import pytest
from support.daemon import Daemon

VERSION = ("--agent-version", "2.1.330")
# Where each agent's settings are, below a home, when no variable names another place.
FILES = {
    "claude-code": ".claude/settings.json",
    "codex": ".codex/hooks.json",
    "gemini-cli": ".gemini/settings.json",
    "cursor": ".cursor/hooks.json",
    "copilot-cli": ".copilot/hooks/traced.json",
    "opencode": ".config/opencode/plugin/traced.js",
}
PLACES = (
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "GEMINI_CLI_HOME",
    "COPILOT_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
)


@pytest.fixture(autouse=True)
def _default_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """No agent of whoever runs the tests is touched."""
    for name in PLACES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    """A daemon that is not started: its folder is a user's home."""
    return Daemon(tmp_path / "d")


def settings(daemon: Daemon) -> Path:
    """Where this user's Claude Code has its settings."""
    return daemon.folder / "home/.claude/settings.json"


@pytest.fixture
def home(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without agents and, so that installing is fast, without a C compiler."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    home = daemon.folder / "home"
    home.mkdir()
    return home


def files(home: Path) -> set[str]:
    """Return the files in a home, but for what is traced's own and for backups."""
    found = (path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())
    return {name for name in found if ".local" not in name and "-backup-" not in name}


def test_install_writes_an_absolute_command_for_each_event(daemon: Daemon) -> None:
    """Interpreter, client, socket and spool are absolute, so no project redirects the hook."""
    found = daemon.traced("install", "claude-code", *VERSION)

    assert found.returncode == 0, found.stderr
    hooks = json.loads(settings(daemon).read_bytes())["hooks"]
    (command,) = {entry["hooks"][0]["command"] for (entry,) in hooks.values()}
    assert f"--socket {daemon.socket} --spool {daemon.spool}" in command
    assert {"PreToolUse", "PostToolUse", "PostToolBatch", "SessionEnd"} <= hooks.keys()
    assert "WorktreeCreate" not in hooks


@pytest.mark.skipif(shutil.which("cc") is None, reason="cc is not on PATH")
def test_install_compiles_the_client(daemon: Daemon) -> None:
    """Where there is a C compiler the hook runs a program in traced's state folder."""
    found = daemon.traced("install", "claude-code", *VERSION)

    (program,) = daemon.folder.rglob("bin/traced-hook")
    assert str(program) in settings(daemon).read_text()
    assert b"the hook works: a probe event took" in found.stdout


def test_install_tells_why_the_client_is_not_compiled(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a compiler the hook runs Python, and the reason is told."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = daemon.traced("install", "claude-code", *VERSION)

    assert found.returncode == 0, found.stderr
    assert b"(the client in Python)" in found.stdout
    assert b"cc is not on PATH, expected a C compiler" in found.stdout
    assert "traced/client/hook.py" in settings(daemon).read_text()


def test_install_asks_only_for_what_an_old_version_knows(daemon: Daemon) -> None:
    """2.0.76 calls no hook at all if one event is unknown to it."""
    daemon.traced("install", "claude-code", "--agent-version", "2.0.76")

    assert "PostToolBatch" not in json.loads(settings(daemon).read_bytes())["hooks"]


def test_dry_run_shows_a_diff_and_writes_nothing(daemon: Daemon) -> None:
    """--dry-run prints the change and leaves the disk as it was."""
    found = daemon.traced("install", "claude-code", *VERSION, "--dry-run")

    assert b"+++" in found.stdout
    assert not settings(daemon).exists()
    assert not list(daemon.folder.rglob("traced-hook"))


def test_install_twice_is_once_and_uninstall_restores_every_byte(daemon: Daemon) -> None:
    """What was in the file before is there again, byte for byte, and a backup beside it."""
    before = b'{\n\t"model": "opus", "hooks": {"Stop": [{"hooks": []}]}\n}\n'
    settings(daemon).parent.mkdir(parents=True)
    settings(daemon).write_bytes(before)

    daemon.traced("install", "claude-code", *VERSION)
    once = settings(daemon).read_bytes()
    again = daemon.traced("install", "claude-code", *VERSION)
    twice = settings(daemon).read_bytes()
    daemon.traced("uninstall", "claude-code")

    assert once == twice != before
    assert b"nothing to change" in again.stdout
    assert settings(daemon).read_bytes() == before
    backups = list(settings(daemon).parent.glob("*.traced-backup-*"))
    assert before in [backup.read_bytes() for backup in backups]


def test_every_agent_gets_its_own_settings_and_loses_them(daemon: Daemon, home: Path) -> None:
    """Each hook says whose it is; of a file that traced made nothing is left."""
    found = daemon.traced("install", *FILES, *VERSION)

    assert found.returncode == 0, found.stderr
    assert files(home) == set(FILES.values())
    for agent, file in FILES.items():
        assert f"--agent {agent} --socket {daemon.socket}" in (home / file).read_text()
    assert daemon.traced("uninstall").returncode == 0
    assert files(home) == set()


def test_without_a_name_every_agent_that_is_found_gets_hooks(
    daemon: Daemon, home: Path, tmp_path: Path
) -> None:
    """By its program or its folder; which were found, and which not, is told."""
    program = tmp_path / "path/codex"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (home / ".gemini").mkdir()
    found = daemon.traced("install")

    assert found.returncode == 0, found.stderr
    assert files(home) == {FILES["codex"], FILES["gemini-cli"]}
    told = found.stdout.decode()
    assert f"codex: found {program}\n" in told
    assert f"gemini-cli: found {home}/.gemini\n" in told
    assert f"opencode: not found: no opencode on PATH, no {home}/.config/opencode\n" in told
    assert "codex: Codex skips new and changed hooks until you trust them" in told


def test_where_no_agent_is_found_install_fails(daemon: Daemon, home: Path) -> None:
    """It says what to do, and writes nothing."""
    found = daemon.traced("install")

    assert found.returncode == 1
    assert b"found no agent on this machine; name the one to install into" in found.stderr
    assert files(home) == set()
    assert not list(daemon.folder.rglob("traced-hook"))


def test_one_agent_that_fails_does_not_hold_back_the_others(daemon: Daemon, home: Path) -> None:
    """What went wrong is told with the agent's name, and the exit status is 1."""
    (home / ".gemini").mkdir()
    (home / FILES["gemini-cli"]).write_text("{")
    found = daemon.traced("install", "claude-code", "gemini-cli", "cursor")

    assert found.returncode == 1
    assert b"traced: claude-code: claude is not on PATH" in found.stderr
    assert b"traced: gemini-cli: " in found.stderr
    assert found.stderr.endswith(b"not installed: claude-code, gemini-cli (see above)\n")
    assert files(home) == {FILES["gemini-cli"], FILES["cursor"]}
    assert (home / FILES["gemini-cli"]).read_text() == "{"


def test_a_version_is_only_for_agents_that_need_one(daemon: Daemon, home: Path) -> None:
    """Elsewhere it would be believed to matter; exit 2."""
    found = daemon.traced("install", "codex", "--agent-version", "0.169.0")

    assert found.returncode == 2
    assert b"codex has hooks for any version" in found.stderr
    assert files(home) == set()


def test_uninstall_that_finds_nothing_says_so(daemon: Daemon, home: Path) -> None:
    """Without a name, once for all agents."""
    found = daemon.traced("uninstall")

    assert (found.returncode, found.stdout) == (0, b"no agent's settings hold traced's hook\n")


def test_a_project_has_settings_of_its_own(daemon: Daemon, home: Path, tmp_path: Path) -> None:
    """The user's stay as they are."""
    project = tmp_path / "project"
    project.mkdir()
    daemon.traced("install", "codex", "copilot-cli", "--project", str(project))

    assert files(project) == {".codex/hooks.json", ".github/hooks/traced.json"}
    assert files(home) == set()
    daemon.traced("uninstall", "--project", str(project))
    assert files(project) == set()


def test_unknown_agent_is_wrong_usage(daemon: Daemon) -> None:
    """An agent that traced cannot install into is named with those it can; exit 2."""
    found = daemon.traced("install", "emacs")

    assert found.returncode == 2
    assert b"'emacs'" in found.stderr
    assert b"claude-code" in found.stderr


@pytest.mark.parametrize("command", [("hook",), ("hook", "--nonsense"), ("hook", "--agent")])
def test_hook_never_fails_or_prints(daemon: Daemon, command: tuple[str, ...]) -> None:
    """`traced hook` exits 0 in silence, wrong usage included: an agent must not notice it."""
    found = daemon.traced(*command, stdin=b'{"hook_event_name":"Stop","session_id":"s"}')

    assert (found.returncode, found.stdout, found.stderr) == (0, b"", b"")
    assert len(list(daemon.spool.glob("[0-9]*.ndjson"))) == 1


def test_hook_has_a_help_page(daemon: Daemon) -> None:
    """`traced hook --help` is for people and prints."""
    assert b"--deadline-ms" in daemon.traced("hook", "--help").stdout
