"""
The agents whose hook settings are looked at, each by what its installer knows.

Law: nothing of an agent is known here that its installer does not say.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from traced.install import claude_code
from traced.install.settings_file import Plan


class Agent(NamedTuple):
    """How an agent's settings are found; `idle` tells why it would run no hook of these."""

    name: str
    program: str
    settings_path: Callable[[Mapping[str, str]], Path]
    read: Callable[[Path], bytes | None]  # raises InstallError
    idle: Callable[[Plan], list[str]]
    events: Callable[[], tuple[str, ...]]  # that its version knows; raises AgentError


AGENTS: Final = (
    Agent(
        claude_code.NAME,
        claude_code.PROGRAM,
        claude_code.settings_path,
        lambda path: claude_code.uninstall_plan(path).before,
        claude_code.warnings,
        lambda: claude_code.events_for(claude_code.detect_version()),
    ),
)
