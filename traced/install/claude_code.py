"""
Claude Code: where its settings are, which events its version knows, what is written for each.

Law: an event is written only for versions in which it was seen; Claude Code 2.0 calls no hook at
all if its settings name one event that it does not know. WorktreeCreate is never written: a hook
there replaces the making of the worktree.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from traced.install.agent import (
    Agent,
    Environment,
    JsonForm,
    Subscription,
    folder_named,
    home_folder,
    strict_json_warnings,
    switch_warnings,
)
from traced.install.errors import AgentError
from traced.install.layout import Json
from traced.install.settings_file import Plan

PROGRAM = "claude"
VERSION_SECONDS_MAX = 10.0  # it takes about one; the first start after an update more
HOOK_SECONDS_MAX = 5  # the client bounds itself to a quarter second; Claude Code would wait 600


class Version(NamedTuple):
    """A version of Claude Code, as in `2.1.330 (Claude Code)`."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """Write it as Claude Code does."""
        return ".".join(map(str, self))


# The oldest version with the first nine: its changelog has SessionEnd, the last of them, there.
# The others were read out of the programs themselves; in which version between two of those an
# event came is not established, so the newer of the two counts.
OLDEST = Version(1, 0, 85)
SINCE: Mapping[str, Version] = {
    "SessionStart": OLDEST,
    "UserPromptSubmit": OLDEST,
    "PreToolUse": OLDEST,
    "PostToolUse": OLDEST,
    "SubagentStop": OLDEST,
    "Stop": OLDEST,
    "SessionEnd": OLDEST,
    "PostToolUseFailure": Version(2, 0, 76),
    "PermissionRequest": Version(2, 0, 76),
    "SubagentStart": Version(2, 0, 76),
    "UserPromptExpansion": Version(2, 1, 156),
    "PostToolBatch": Version(2, 1, 156),
    "PermissionDenied": Version(2, 1, 113),
    "StopFailure": Version(2, 1, 113),
    "PostModelSwitch": Version(2, 1, 330),
}
# Those whose matcher is a tool's name; for all others, none matches all in every version.
OF_A_TOOL = frozenset(
    ("PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionRequest", "PermissionDenied")
)


def folder(environment: Environment) -> Path:
    """Return the folder of the user's settings."""
    return folder_named(environment, "CLAUDE_CONFIG_DIR", home_folder(environment) / ".claude")


def settings_path(environment: Environment, project: Path | None = None) -> Path:
    """
    Return the settings file of the user, or that of `project` on this machine.

    A project's hooks go to `settings.local.json`, which Claude Code keeps out of git: they hold
    paths of this machine. Copilot CLI 1.0.102 runs them too, in a folder that its user trusts, and
    those of the shared `settings.json`; never the user's. Installed for user and project, a hook
    still runs once: Claude Code runs equal commands once.
    """
    if project is not None:
        return project.absolute() / ".claude" / "settings.local.json"
    return folder(environment) / "settings.json"


def parse_version(text: str) -> Version:
    """
    Return the version that `text` begins with.

    Raises:
        AgentError: If it begins with none.
    """
    match = re.match(r"\s*v?([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})", text)
    if match is None:
        raise AgentError(f"version {text[:40]!a}, expected one like 2.1.330")
    return Version(*(int(part) for part in match.groups()))


def detect_version(program: str = PROGRAM) -> Version:
    """
    Return the version of `program` (a path, or a name on PATH), by asking it.

    Raises:
        AgentError: If it is not there, does not answer, or answers something else.
    """
    found = shutil.which(program)
    if found is None:
        raise AgentError(
            f"{program} is not on PATH, expected Claude Code; which hooks to write depends on its"
            " version: install it, or name the version: --agent-version 2.1.330"
        )
    try:
        run = subprocess.run(  # noqa: S603 - the user's own agent
            [found, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=VERSION_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise AgentError(
            f"{found} --version gave no answer within {VERSION_SECONDS_MAX:g} s; name the version"
            " with --agent-version"
        ) from error
    except OSError as error:
        raise AgentError(f"{found} --version: {error.strerror}") from error
    try:
        return parse_version(run.stdout.decode(errors="replace"))
    except AgentError as error:
        raise AgentError(
            f"{found} --version (exit code {run.returncode}): {error}; name the version with"
            " --agent-version"
        ) from error


def events_for(version: Version) -> tuple[str, ...]:
    """
    Return the events to write for `version`: those that it knows and that traced uses.

    Raises:
        AgentError: If it is older than OLDEST.
    """
    if version < OLDEST:
        raise AgentError(f"Claude Code {version}, expected {OLDEST} or newer: update it")
    return tuple(event for event, since in SINCE.items() if version >= since)


def entry_for(event: str, command: str) -> Json:
    """
    Return the group that runs `command` at `event`.

    SessionEnd has no timeout of ours: Claude Code gives all hooks there 1.5 s together, and the
    largest timeout among them would let other people's hooks hold up the exit as long.
    """
    handler: dict[str, Json] = {"type": "command", "command": command}
    if event != "SessionEnd":
        handler["timeout"] = HOOK_SECONDS_MAX
    group: dict[str, Json] = {"matcher": "*"} if event in OF_A_TOOL else {}
    return {**group, "hooks": [handler]}


def choose(version: str | None) -> Subscription:
    """
    Return the events for `version` as the user writes it, or for the program on PATH.

    Raises:
        AgentError: If the version is unknown, or too old.
    """
    known = detect_version() if version is None else parse_version(version)
    return Subscription(events_for(known), str(known))


def warnings(planned: Plan) -> list[str]:
    """Return why Claude Code would not run the hooks of the settings `planned`, if so."""
    title = "Claude Code"
    return [
        *strict_json_warnings(planned, title),
        *switch_warnings(planned, title, "true", "disableAllHooks"),
    ]


AGENT = Agent(
    name="claude-code",
    programs=(PROGRAM,),
    events=tuple(SINCE),
    form=JsonForm(entry_for),
    folder=folder,
    settings_path=settings_path,
    choose=choose,
    warnings=warnings,
)
