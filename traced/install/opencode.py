"""
OpenCode: a plugin of our own in its folder of plugins, for it runs no commands at its events.

Law: the file is ours by its first line. What stands there without it is somebody else's: it is
neither written over nor deleted. Tried with 1.18.33.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from traced.install.agent import Agent, Call, Environment, folder_named, home_folder
from traced.install.errors import SettingsError
from traced.install.settings_file import Plan, plan_edit

SOURCE: Final = Path(__file__).with_name("opencode_plugin.js")
FIRST_LINE: Final = "// Written by `traced install opencode`"
COMMAND: Final = 'const COMMAND = "";'  # the line of SOURCE that gets the command
WRITTEN: Final = re.compile(r'^const COMMAND = ("(?:[^"\\\n]|\\.)*");$', re.MULTILINE)
# What the plugin hands over: the source names the same.
EVENTS: Final = (
    "chat.message",
    "tool.execute.before",
    "message.part.updated",
    "session.created",
    "session.idle",
    "session.deleted",
)


class PluginForm:
    """A file that is ours as a whole; its events are those of the source."""

    def plan(self, path: Path, command: str, _events: Sequence[str]) -> Plan:
        """Return the change after which the plugin runs `command`; see Form."""
        line = f"const COMMAND = {json.dumps(command)};"
        plugin = SOURCE.read_text("utf-8").replace(COMMAND, line)

        def edit(text: str | None) -> str:
            if text is not None and not is_ours(text):
                raise SettingsError(
                    f"begins with {text[:40]!a}, expected {FIRST_LINE!a}: move it elsewhere"
                )
            return plugin

        return replace(plan_edit(path, edit), own=True)

    def plan_uninstall(self, path: Path) -> Plan:
        """Return the change after which there is no plugin of ours; see Form."""

        def edit(text: str | None) -> str | None:
            return None if text is None or is_ours(text) else text

        return replace(plan_edit(path, edit), own=True)

    def calls(self, settings: bytes) -> list[Call]:
        """Return where a plugin calls traced; see Form. One of others does nowhere."""
        text = settings.decode(errors="replace")
        written = WRITTEN.search(text)
        if not is_ours(text) or written is None:
            return []
        return [Call(event, json.loads(written[1])) for event in EVENTS]


def is_ours(text: str) -> bool:
    """Tell whether a plugin with this `text` is traced's, of whatever version."""
    return text.startswith(FIRST_LINE)


def folder(environment: Environment) -> Path:
    """Return the folder of the user's settings."""
    config = folder_named(environment, "XDG_CONFIG_HOME", home_folder(environment) / ".config")
    return config / "opencode"


def settings_path(environment: Environment, project: Path | None = None) -> Path:
    """Return our file among the plugins of the user, or of `project`; all versions read there."""
    place = folder(environment) if project is None else project.absolute() / ".opencode"
    return place / "plugin" / "traced.js"


AGENT: Final = Agent(
    name="opencode",
    programs=("opencode",),
    events=EVENTS,
    form=PluginForm(),
    folder=folder,
    settings_path=settings_path,
    notes=("OpenCode loads the plugin when it starts: restart it",),
)
