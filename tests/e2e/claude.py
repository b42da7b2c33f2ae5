"""
The real Claude Code: fetched by npm, run in a home of its own against a stand-in for its API.

Law: it sees nothing of the machine but PATH, and nothing beyond loopback is asked of anybody.
"""

import json
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from e2e import npm
from e2e.running import Outcome, Running, run_traced, started
from e2e.scripts import Scripts
from e2e.stand_in import StandIn
from support.daemon import Daemon

PACKAGE = "@anthropic-ai/claude-code"
MCP_SERVER = Path(__file__).parent / "mcp_server.py"
SKIP = "--dangerously-skip-permissions"


@dataclass(frozen=True)
class Program(npm.Program):
    """One installed version."""

    @property
    def is_old(self) -> bool:
        """Whether it is of the 2.0 line: fewer events, and none with prompt, agent or duration."""
        return self.version < (2, 1)


def install(wanted: str, folder: Path) -> Program:
    """
    Return version `wanted` of Claude Code.

    Raises:
        NotInstalled: See `npm.install`.
    """
    found = npm.install(PACKAGE, "claude", wanted, folder)
    return Program(found.path, found.version)


class Bench:
    """A home and a project below `folder`, for one program and one stand-in."""

    def __init__(self, folder: Path, program: Program, scripts: Scripts) -> None:
        self.folder = folder
        self.program = program
        self.home = folder / "home"
        self.project = folder / "project"
        self.witnessed = folder / "witnessed"
        for path in (self.home / ".claude", self.project, self.witnessed):
            path.mkdir(parents=True)
        self.settings = self.home / ".claude" / "settings.json"
        self.session_id = str(uuid.uuid4())
        self.names = {
            "@agent": "Task" if program.is_old else "Agent",
            "@mcp_server": str(MCP_SERVER),
            "@project": str(self.project),
            "@python": sys.executable,
            "@session": self.session_id,
            "@witnessed": str(self.witnessed),
        }
        self.stand_in = StandIn(scripts, self.named)

    def __enter__(self) -> Self:
        self.stand_in.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stand_in.stop()

    def named(self, text: str) -> str:
        """Return a text in which each `@name` is what it stands for here."""
        for name, value in self.names.items():
            text = text.replace(name, value)
        return text

    def write(self, files: Mapping[str, str]) -> None:
        """Write files of the project."""
        for name, text in files.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.named(text))

    @property
    def environment(self) -> dict[str, str]:
        """What the program sees. The place of a daemon is not among it, but a wrong one is."""
        return {
            "PATH": f"{self.program.path.parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "ANTHROPIC_BASE_URL": self.stand_in.url,
            "ANTHROPIC_API_KEY": "not-a-key",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "IS_SANDBOX": "1",  # root may then skip permissions, as in a container
            "TRACED_SOCKET": str(self.folder / "nobody.sock"),
            "TRACED_SPOOL": str(self.folder / "nowhere"),
        }

    def expect_hooks_of_others(self, events: Sequence[str]) -> None:
        """Write settings in which somebody else's hook keeps each payload in a file of its own."""
        command = f"cat > $(mktemp {self.witnessed}/XXXXXXXX)"
        handler = {"type": "command", "command": command}
        groups = {event: [{"hooks": [handler]}] for event in events}
        self.settings.write_text(json.dumps({"hooks": groups}, indent=2) + "\n")

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What somebody else's hook was given, in the order in which it was."""
        files = sorted(self.witnessed.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        texts = [file.read_bytes() for file in files]
        return [json.loads(text) for text in texts if text]  # empty: killed before it was given

    def traced(self, daemon: Daemon, *arguments: str) -> str:
        """Run a `traced` command as the user of this home; return what it printed."""
        return run_traced(daemon, self.environment, *arguments)

    def install(self, daemon: Daemon) -> None:
        """Install traced for this version, which it need not ask for: that takes a second."""
        version = ".".join(map(str, self.program.version))
        self.traced(daemon, "install", "claude-code", "--agent-version", version)

    def running(self, *arguments: str, stdin: bytes = b"") -> AbstractContextManager[Running]:
        """Start the program in print mode; what is left of it at the end is killed."""
        command = [
            str(self.program.path), "--print", "--output-format", "stream-json", "--verbose",
            *(self.named(argument) for argument in arguments),
        ]  # fmt: skip
        return started(command, self.folder, self.project, self.environment, stdin)

    def run(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run the program in print mode to its end."""
        with self.running(*arguments, stdin=stdin) as running:
            return running.end()
