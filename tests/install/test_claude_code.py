import json
from pathlib import Path

import pytest

from traced.install.claude_code import (
    AGENT,
    Version,
    choose,
    detect_version,
    events_for,
    parse_version,
    settings_path,
)
from traced.install.errors import AgentError

COMMAND = (
    "/v/bin/python -ISE /v/traced/client/hook.py --agent claude-code >/dev/null 2>&1 || exit 0"
)
FIRST = {
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "Stop",
    "SubagentStop",
}
SINCE_2_0_76 = {"PostToolUseFailure", "PermissionRequest", "SubagentStart"}
SINCE_2_1_113 = {"PermissionDenied", "StopFailure"}
SINCE_2_1_156 = {"UserPromptExpansion", "PostToolBatch"}
ALL = FIRST | SINCE_2_0_76 | SINCE_2_1_113 | SINCE_2_1_156 | {"PostModelSwitch"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".claude" / "settings.json"


def program(path: Path, text: str) -> str:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("version", "events"),
    [
        ("1.0.85", FIRST),
        ("2.0.75", FIRST),
        ("2.0.76", FIRST | SINCE_2_0_76),
        ("2.1.112", FIRST | SINCE_2_0_76),
        ("2.1.113", FIRST | SINCE_2_0_76 | SINCE_2_1_113),
        ("2.1.155", FIRST | SINCE_2_0_76 | SINCE_2_1_113),
        ("2.1.156", FIRST | SINCE_2_0_76 | SINCE_2_1_113 | SINCE_2_1_156),
        ("2.1.330", ALL),
        ("3.0.0", ALL),
    ],
)
def test_only_events_that_the_version_knows_are_written(version: str, events: set[str]) -> None:
    """One name too many makes 2.0 call no hook at all."""
    assert set(events_for(parse_version(version))) == events


def test_the_event_whose_hook_does_the_agents_work_is_never_written() -> None:
    """A hook at WorktreeCreate would have to make the worktree."""
    assert "WorktreeCreate" not in events_for(Version(99, 0, 0))


def test_a_version_without_established_events_is_refused() -> None:
    """Before 1.0.85 there was no SessionEnd."""
    with pytest.raises(
        AgentError, match=r"Claude Code 1\.0\.84, expected 1\.0\.85 or newer: update"
    ):
        events_for(Version(1, 0, 84))


def test_the_version_is_what_the_answer_begins_with() -> None:
    """Claude Code writes `2.1.330 (Claude Code)`; what a user types may have no more than that."""
    assert parse_version("2.1.330 (Claude Code)\n") == Version(2, 1, 330)
    assert parse_version(" v2.0.76") == Version(2, 0, 76)


@pytest.mark.parametrize("text", ["", "claude 2.1.330", "2.1", "2.1.x", "\u0662.\u0661.\u0663"])
def test_what_is_no_version_is_refused(text: str) -> None:
    """The error shows an example."""
    with pytest.raises(AgentError, match=r"version '.*', expected one like 2\.1\.330"):
        parse_version(text)


def test_the_installed_agent_is_asked_for_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found on PATH, or where it is named."""
    named = program(tmp_path / "claude", 'echo "2.1.330 (Claude Code) $1"\n')
    assert detect_version(named) == Version(2, 1, 330)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert detect_version() == Version(2, 1, 330)


def test_without_the_agent_its_version_must_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to do."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AgentError, match=r"claude is not on PATH, .* name the version: --agent"):
        detect_version()


def test_an_agent_that_answers_something_else_is_told(tmp_path: Path) -> None:
    """Program, exit code and answer are in the error."""
    named = program(tmp_path / "claude", "echo broken >&2; exit 3\n")
    with pytest.raises(AgentError, match=r"claude --version \(exit code 3\): version ''"):
        detect_version(named)
    named = program(tmp_path / "other", "")
    (tmp_path / "other").write_bytes(b"\x7fELF")
    with pytest.raises(AgentError, match=r"other --version: Exec format error"):
        detect_version(named)


def test_an_agent_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is bounded."""
    monkeypatch.setattr("traced.install.claude_code.VERSION_SECONDS_MAX", 0.2)
    named = program(tmp_path / "claude", "exec sleep 60\n")
    with pytest.raises(AgentError, match=r"gave no answer within 0\.2 s; name the version"):
        detect_version(named)


def test_the_version_that_is_named_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then no program is asked; else the one on PATH is."""
    monkeypatch.setenv("PATH", "")
    assert choose("2.0.76") == (events_for(Version(2, 0, 76)), "2.0.76")
    with pytest.raises(AgentError, match=r"claude is not on PATH"):
        choose(None)


def test_the_settings_are_the_users_wherever_they_are(tmp_path: Path) -> None:
    """CLAUDE_CONFIG_DIR beats the home folder; empty it counts as unset."""
    home = {"HOME": "/home/dev"}
    assert settings_path(home) == Path("/home/dev/.claude/settings.json")
    assert settings_path(home | {"CLAUDE_CONFIG_DIR": "/c"}) == Path("/c/settings.json")
    assert settings_path(home | {"CLAUDE_CONFIG_DIR": ""}) == settings_path(home)
    assert settings_path({}) == Path.home() / ".claude" / "settings.json"
    local = tmp_path / ".claude" / "settings.local.json"
    assert settings_path(home | {"CLAUDE_CONFIG_DIR": "/c"}, tmp_path) == local


def test_what_is_written_is_a_group_with_our_command(path: Path) -> None:
    """Tool events match every tool; others have no matcher; only SessionEnd has no timeout."""
    AGENT.form.plan(path, COMMAND, ("PreToolUse", "Stop", "SessionEnd")).apply()
    handler = {"type": "command", "command": COMMAND}
    assert json.loads(path.read_bytes()) == {
        "hooks": {
            "PreToolUse": [{"matcher": "*", "hooks": [{**handler, "timeout": 5}]}],
            "Stop": [{"hooks": [{**handler, "timeout": 5}]}],
            "SessionEnd": [{"hooks": [handler]}],
        }
    }


def test_the_same_install_again_changes_nothing(path: Path) -> None:
    """Twice is once."""
    events = events_for(Version(2, 1, 330))
    AGENT.form.plan(path, COMMAND, events).apply()
    assert not AGENT.form.plan(path, COMMAND, events).changes


def test_an_upgrade_of_the_agent_brings_its_events(path: Path) -> None:
    """Installing again for a newer version writes what that knows, once each."""
    AGENT.form.plan(path, COMMAND, events_for(Version(2, 0, 76))).apply()
    AGENT.form.plan(path, COMMAND, events_for(Version(2, 1, 330))).apply()
    hooks = json.loads(path.read_bytes())["hooks"]
    assert set(hooks) == set(events_for(Version(2, 1, 330)))
    assert all(len(entries) == 1 for entries in hooks.values())


def test_uninstall_takes_hand_written_hooks_too_and_nothing_else(path: Path) -> None:
    """What names our client is ours, whoever wrote it there."""
    path.parent.mkdir()
    theirs = {"matcher": "Bash", "hooks": [{"type": "command", "command": "lint"}]}
    ours = {"hooks": [{"type": "command", "command": "traced hook --agent claude-code"}]}
    path.write_text(json.dumps({"hooks": {"Stop": [ours, theirs], "SessionStart": [ours]}}))
    AGENT.form.plan_uninstall(path).apply()
    assert json.loads(path.read_bytes()) == {"hooks": {"Stop": [theirs]}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{} // mine", "has comments or trailing commas"),
        ('{"disableAllHooks": true}', '"disableAllHooks": true'),
    ],
)
def test_settings_whose_hooks_will_not_run_are_warned_about(
    path: Path, text: str, reason: str
) -> None:
    """Claude Code ignores a whole file that is not strict JSON, and can be told to run no hook."""
    path.parent.mkdir()
    path.write_text(text)
    [warning] = AGENT.warnings(AGENT.form.plan(path, COMMAND, ["Stop"]))
    assert reason in warning


def test_of_settings_that_will_work_nothing_is_warned(path: Path) -> None:
    """Nor of settings that go away."""
    planned = AGENT.form.plan(path, COMMAND, ["Stop"])
    assert AGENT.warnings(planned) == []
    planned.apply()
    assert AGENT.warnings(AGENT.form.plan_uninstall(path)) == []
