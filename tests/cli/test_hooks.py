import json
import shutil
from pathlib import Path

import pytest
from support.daemon import Daemon

VERSION = ("--agent-version", "2.1.330")


@pytest.fixture
def daemon(tmp_path: Path) -> Daemon:
    """A daemon that is not started: its folder is a user's home."""
    return Daemon(tmp_path / "d")


def settings(daemon: Daemon) -> Path:
    """Where this user's Claude Code has its settings."""
    return daemon.folder / "home/.claude/settings.json"


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
    assert b"a probe event took the client in C" in found.stdout


def test_install_tells_why_the_client_is_not_compiled(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a compiler the hook runs Python, and the reason is told."""
    monkeypatch.setenv("PATH", str(tmp_path))
    found = daemon.traced("install", "claude-code", *VERSION)

    assert found.returncode == 0, found.stderr
    assert b"took the client in Python" in found.stdout
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
