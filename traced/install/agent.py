"""
What the installer knows of an agent: the same few things of each.

Law: whoever installs knows this interface and no agent; an agent's module knows where its settings
are and what stands in them, and neither asks the user nor writes a file.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from traced.install import settings_file
from traced.install.command import is_ours
from traced.install.hook_entries import NOTHING, installed
from traced.install.jsonc import parse
from traced.install.layout import Json
from traced.install.settings_file import Plan

Environment: TypeAlias = Mapping[str, str]


class Call(NamedTuple):
    """An event at which settings run a command of traced."""

    event: str
    command: str


class Form(Protocol):
    """How an agent's settings hold hooks."""

    def plan(self, path: Path, command: str, events: Sequence[str]) -> Plan:
        """
        Return the change of `path` after which `command` runs at just these `events`.

        Raises:
            SettingsError: If the file cannot be read, or is not such settings.
        """

    def plan_uninstall(self, path: Path) -> Plan:
        """
        Return the change of `path` after which nothing of traced is in it.

        Raises:
            SettingsError: If the file cannot be read, or is not such settings.
        """

    def calls(self, settings: bytes) -> list[Call]:
        """
        Return where such settings call traced.

        Raises:
            SettingsError: If they are none.
        """


class JsonForm(NamedTuple):
    """
    Settings in JSON, `{"hooks": {EVENT: [ENTRY, …]}}`.

    `entry` gives the entry that runs a command at an event; `beside` are the members that the agent
    wants next to the hooks; `own` says that the file is traced's by its name.
    """

    entry: Callable[[str, str], Json]
    beside: Mapping[str, Json] = NOTHING
    own: bool = False

    def plan(self, path: Path, command: str, events: Sequence[str]) -> Plan:
        """Return the change after which `command` runs at just these `events`; see Form."""
        entries = {event: self.entry(event, command) for event in events}
        return settings_file.plan_install(path, entries, is_ours, self.beside)

    def plan_uninstall(self, path: Path) -> Plan:
        """Return the change after which nothing of traced is in the file; see Form."""
        return replace(settings_file.plan_uninstall(path, is_ours, self.beside), own=self.own)

    def calls(self, settings: bytes) -> list[Call]:
        """Return where the settings call traced; see Form."""
        entries = installed(settings.decode(), is_ours)
        return [Call(event, found) for event, entry in entries for found in _commands_in(entry)]


def _commands_in(entry: str) -> Iterator[str]:
    """Yield our commands in the JSON of an entry, which is a handler or a group of them."""
    waiting: list[object] = [msgspec.json.decode(entry)]
    while waiting:
        match waiting.pop():
            case dict() as found:
                yield from (
                    each for each in found.values() if isinstance(each, str) and is_ours(each)
                )
                waiting += found.values()
            case list() as found:
                waiting += found


class Subscription(NamedTuple):
    """The events to write, and the version that they were chosen for; None: any version."""

    events: tuple[str, ...]
    version: str | None


def no_warnings(_plan: Plan) -> list[str]:
    """Return none: of this agent no settings are known that keep hooks from running."""
    return []


class Agent(NamedTuple):
    """
    One agent.

    `programs` are its names on PATH; `folder` is there once it was used, and `settings_path` is the
    file that holds the user's hooks, or a project's. `choose` gives the events for the version that
    the user names (None: asks the program), where that matters. `warnings` says why hooks in the
    settings planned would not run, and `notes` what the user should know or do after installing.
    """

    name: str
    programs: tuple[str, ...]
    events: tuple[str, ...]
    form: Form
    folder: Callable[[Environment], Path]
    settings_path: Callable[[Environment, Path | None], Path]
    choose: Callable[[str | None], Subscription] | None = None
    warnings: Callable[[Plan], list[str]] = no_warnings
    notes: tuple[str, ...] = ()

    def subscription(self, version: str | None = None) -> Subscription:
        """
        Return the events to write for `version`, or the one that is here.

        Raises:
            AgentError: If the version matters and is unknown, or too old.
        """
        return Subscription(self.events, None) if self.choose is None else self.choose(version)

    def sign(self, environment: Environment) -> Path | None:
        """Return what tells that the agent is on this machine: its program, else its folder."""
        for program in self.programs:
            if found := shutil.which(program, path=environment.get("PATH", "")):
                return Path(found)
        folder = self.folder(environment)
        return folder if folder.is_dir() else None


def home_folder(environment: Environment) -> Path:
    """Return the user's home."""
    home = environment.get("HOME")
    return Path(home) if home else Path.home()


def folder_named(environment: Environment, variable: str, default: Path) -> Path:
    """Return the folder that `variable` names, absolute; unset or empty, it is `default`."""
    named = environment.get(variable)
    return Path(named).absolute() if named else default


def strict_json_warnings(planned: Plan, agent: str) -> list[str]:
    """Return the warning that `agent` will not read the settings `planned`, if so."""
    if planned.after is None or parse(planned.after.decode()).strict:
        return []
    unread = "reads strict JSON and ignores such a file as a whole"
    return [f"{planned.path} has comments or trailing commas: {agent} {unread}"]


def switch_warnings(planned: Plan, agent: str, off: str, *keys: str) -> list[str]:
    """Return the warning that `agent` runs no hook if the member at `keys` is `off`, and it is."""
    if planned.after is None:
        return []
    document = parse(planned.after.decode())
    node = document.root
    for key in keys:
        member = document.find(node, key)
        if member is None:
            return []
        node = member.value
    if document.compact(node) != off:
        return []
    return [f'{planned.path} has "{".".join(keys)}": {off}: {agent} runs no hook']
