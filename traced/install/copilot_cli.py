"""
Copilot CLI: a file of our own among those of its hooks, version 1, a list of commands for each.

Law: the names that Claude Code has, for only with them does the payload name its event. A hook that
fails before a call denies that call, so our command cannot fail. PermissionRequest is left out: its
payload names no event, and it comes before the rules are asked, not when a person is. Tried with
1.0.102.
"""

from pathlib import Path

from traced.install.agent import (
    Agent,
    Environment,
    JsonForm,
    folder_named,
    home_folder,
    strict_json_warnings,
    switch_warnings,
)
from traced.install.layout import Json
from traced.install.settings_file import Plan

FILE = "traced.json"
HOOK_SECONDS_MAX = 5  # Copilot CLI would wait 30; a call whose hook takes longer is not denied
EVENTS = (
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "SubagentStop",
    "Stop",
)


def folder(environment: Environment) -> Path:
    """Return the folder of the user's settings."""
    return folder_named(environment, "COPILOT_HOME", home_folder(environment) / ".copilot")


def settings_path(environment: Environment, project: Path | None = None) -> Path:
    """Return our file among the hooks of the user, or of `project`."""
    place = folder(environment) if project is None else project.absolute() / ".github"
    return place / "hooks" / FILE


def entry_for(_event: str, command: str) -> Json:
    """Return the handler that runs `command`."""
    return {"type": "command", "bash": command, "timeoutSec": HOOK_SECONDS_MAX}


def warnings(planned: Plan) -> list[str]:
    """Return why Copilot CLI would not run the hooks of the file `planned`, if so."""
    title = "Copilot CLI"
    return [
        *strict_json_warnings(planned, title),
        *switch_warnings(planned, title, "true", "disableAllHooks"),
    ]


AGENT = Agent(
    name="copilot-cli",
    programs=("copilot",),
    events=EVENTS,
    form=JsonForm(entry_for, beside={"version": 1}, own=True),
    folder=folder,
    settings_path=settings_path,
    warnings=warnings,
)
