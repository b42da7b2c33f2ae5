"""
Codex CLI: hooks.json in its folder, in the shape of Claude Code's hooks.

Law: only events that version 0.169 knows and that traced uses. Its user must trust each hook before
it runs, and a changed one again. Tried with 0.169.0.
"""

from functools import partial
from pathlib import Path

from traced.install.agent import (
    Agent,
    Environment,
    JsonForm,
    folder_named,
    home_folder,
    strict_json_warnings,
)
from traced.install.layout import Json

FILE = "hooks.json"
HOOK_SECONDS_MAX = 5  # as for Claude Code
ENDING_SECONDS_MAX = 3  # all that Codex allows at these; above, it warns at each start
ENDING = frozenset(("SessionEnd", "Interrupt"))
TRUST = "Codex skips new and changed hooks until you trust them: start codex, open /hooks"
EVENTS = (
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PermissionRequest",
    "PostToolUse",
    "SubagentStart",
    "SubagentStop",
    "Stop",
    "Interrupt",
)


def folder(environment: Environment) -> Path:
    """Return the folder of the user's settings."""
    return folder_named(environment, "CODEX_HOME", home_folder(environment) / ".codex")


def settings_path(environment: Environment, project: Path | None = None) -> Path:
    """Return the file of the user's hooks, or of those of `project`."""
    return (folder(environment) if project is None else project.absolute() / ".codex") / FILE


def entry_for(event: str, command: str) -> Json:
    """Return the group that runs `command` at `event`; without a matcher, at every tool."""
    timeout = ENDING_SECONDS_MAX if event in ENDING else HOOK_SECONDS_MAX
    handler: Json = {"type": "command", "command": command, "timeout": timeout}
    return {"hooks": [handler]}


AGENT = Agent(
    name="codex",
    programs=("codex",),
    events=EVENTS,
    form=JsonForm(entry_for),
    folder=folder,
    settings_path=settings_path,
    warnings=partial(strict_json_warnings, agent="Codex"),
    notes=(TRUST,),
)
