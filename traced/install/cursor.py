"""
Cursor: hooks.json in its folder, version 1, a list of commands for each event.

Law: of a call only the generic events, which have its id; those of shells, MCP calls and files tell
of the same calls again. Names and shape are from its documentation, not from a run of the program.
"""

from pathlib import Path

from traced.install.agent import Agent, Environment, JsonForm, home_folder
from traced.install.layout import Json

EVENTS = (
    "sessionStart",
    "sessionEnd",
    "beforeSubmitPrompt",
    "preToolUse",
    "postToolUse",
    "postToolUseFailure",
    "subagentStart",
    "subagentStop",
    "stop",
)


def folder(environment: Environment) -> Path:
    """Return the folder of the user's settings."""
    return home_folder(environment) / ".cursor"


def settings_path(environment: Environment, project: Path | None = None) -> Path:
    """Return the file of the user's hooks, or of those of `project`."""
    place = folder(environment) if project is None else project.absolute() / ".cursor"
    return place / "hooks.json"


def entry_for(_event: str, command: str) -> Json:
    """Return the handler that runs `command`, without a timeout: the unit is not established."""
    return {"command": command}


AGENT = Agent(
    name="cursor",
    programs=("cursor-agent", "cursor"),
    events=EVENTS,
    form=JsonForm(entry_for, beside={"version": 1}),
    folder=folder,
    settings_path=settings_path,
    notes=("based on Cursor's documentation; not tried with Cursor itself",),
)
