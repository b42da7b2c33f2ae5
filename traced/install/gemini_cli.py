"""
Gemini CLI: the hooks in its settings.json, in the shape of Claude Code's but for the unit of time.

Law: the events of tools, turns and sessions, never those of the model, which cost a process for
each piece of an answer. It takes what a hook prints for its word; ours prints nothing. Comments in
its settings it reads. Tried with 0.61.0.
"""

from pathlib import Path

from traced.install.agent import (
    Agent,
    Environment,
    JsonForm,
    folder_named,
    home_folder,
    switch_warnings,
)
from traced.install.layout import Json
from traced.install.settings_file import Plan

HOOK_MS_MAX = 5000  # the client bounds itself to 250; Gemini CLI would wait 60,000
EVENTS = ("SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "BeforeTool", "AfterTool")


def folder(environment: Environment) -> Path:
    """Return the folder of the user's settings."""
    return folder_named(environment, "GEMINI_CLI_HOME", home_folder(environment)) / ".gemini"


def settings_path(environment: Environment, project: Path | None = None) -> Path:
    """Return the settings file of the user, or of `project`."""
    place = folder(environment) if project is None else project.absolute() / ".gemini"
    return place / "settings.json"


def entry_for(_event: str, command: str) -> Json:
    """Return the group that runs `command`; without a matcher, at every tool."""
    return {"hooks": [{"type": "command", "command": command, "timeout": HOOK_MS_MAX}]}


def warnings(planned: Plan) -> list[str]:
    """Return why Gemini CLI would not run the hooks of the settings `planned`, if so."""
    return switch_warnings(planned, "Gemini CLI", "false", "hooksConfig", "enabled")


AGENT = Agent(
    name="gemini-cli",
    programs=("gemini",),
    events=EVENTS,
    form=JsonForm(entry_for),
    folder=folder,
    settings_path=settings_path,
    warnings=warnings,
)
