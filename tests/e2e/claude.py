"""
The real Claude Code: fetched by npm, run in a home of its own against a stand-in for its API.

Law: it sees nothing of the machine but PATH, and nothing beyond loopback is asked of anybody.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from e2e.stand_in import Scripts, StandIn
from support.daemon import PYTHON, Daemon

PACKAGE = "@anthropic-ai/claude-code"
INSTALL_SECONDS_MAX = 180.0
RUN_SECONDS_MAX = 60.0
MCP_SERVER = Path(__file__).parent / "mcp_server.py"
SKIP = "--dangerously-skip-permissions"
VERSION = re.compile(r"\d+\.\d+\.\d+")


class NotInstalled(Exception):
    """npm could not install the program; the text says why."""


@dataclass(frozen=True)
class Program:
    """One installed version."""

    path: Path
    version: tuple[int, ...]

    @property
    def is_old(self) -> bool:
        """Whether it is of the 2.0 line: fewer events, and none with prompt, agent or duration."""
        return self.version < (2, 1)


@cache
def install(wanted: str, folder: Path) -> Program:
    """
    Return version `wanted` (or a tag, as latest), fetched into a part of `folder` if it is not.

    Raises:
        NotInstalled: If npm is missing, or fails, or what it installed does not run.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("npm is not on PATH, expected Node.js with npm")
    place = folder / f"claude-code-{wanted}"
    if not VERSION.fullmatch(wanted):
        shutil.rmtree(place, ignore_errors=True)  # a tag moves
    try:
        if not place.exists():
            place.mkdir(parents=True)
            (place / "package.json").write_text('{"private": true}')
            fetch = [npm, "install", "--no-audit", "--no-fund", f"{PACKAGE}@{wanted}"]
            ask(fetch, cwd=place, seconds_max=INSTALL_SECONDS_MAX)
        path = place / "node_modules" / ".bin" / "claude"
        return Program(path, version_of(path))
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)  # half of it is worse than nothing
        raise


def version_of(path: Path) -> tuple[int, ...]:
    """Return the version that a program says it is; raise NotInstalled if it says none."""
    with tempfile.TemporaryDirectory() as home:
        said = ask([str(path), "--version"], HOME=home)
    found = VERSION.match(said)
    if found is None:
        raise NotInstalled(f"{path} --version said {said[:80]!r}, expected a version")
    return tuple(map(int, found[0].split(".")))


def ask(
    command: Sequence[str],
    cwd: Path | None = None,
    seconds_max: float = RUN_SECONDS_MAX,
    **env: str,
) -> str:
    """Return what a command printed; raise NotInstalled if it failed or did not end."""
    try:
        run = subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds_max,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{' '.join(command)}: no end after {seconds_max:g} s") from None
    except OSError as error:
        raise NotInstalled(f"{' '.join(command)}: {error.strerror}") from error
    if run.returncode:
        last = run.stderr.strip().splitlines()[-3:]
        raise NotInstalled(f"{' '.join(command)}: exit code {run.returncode}: {' / '.join(last)}")
    return run.stdout


@dataclass(frozen=True)
class Outcome:
    """How one run of the program ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it printed, a JSON object a line."""
        return [json.loads(line) for line in self.stdout.split(b"\n") if line]


class Running:
    """The program while it runs, with its own process group, its output in files of `folder`."""

    def __init__(
        self, command: Sequence[str], folder: Path, cwd: Path, environment: Mapping[str, str],
        stdin: bytes,
    ) -> None:  # fmt: skip
        self._out, self._err, said = (folder / name for name in ("stdout", "stderr", "stdin"))
        said.write_bytes(stdin)
        with self._out.open("wb") as out, self._err.open("wb") as err, said.open("rb") as inp:
            self.process = subprocess.Popen(
                command, cwd=cwd, env=environment, stdin=inp, stdout=out, stderr=err,
                start_new_session=True,
            )  # fmt: skip

    def end(self, number: signal.Signals | None = None) -> Outcome:
        """Send the program, not its children, a signal if one is given; wait for its end."""
        if number is not None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(timeout=RUN_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"no end after {RUN_SECONDS_MAX} s: {self._err.read_bytes()!r}"
            ) from None
        return Outcome(code, self._out.read_bytes(), self._err.read_bytes())

    def kill(self) -> None:
        """Kill it with its children, if it is still there."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


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
        places = {"TRACED_SOCKET": str(daemon.socket), "TRACED_SPOOL": str(daemon.spool)}
        run = subprocess.run(
            [PYTHON, "-m", "traced", *arguments],
            env=self.environment | places,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS_MAX,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def install(self, daemon: Daemon) -> None:
        """Install traced for this version, which it need not ask for: that takes a second."""
        version = ".".join(map(str, self.program.version))
        self.traced(daemon, "install", "claude-code", "--agent-version", version)

    @contextmanager
    def running(self, *arguments: str, stdin: bytes = b"") -> Iterator[Running]:
        """Start the program in print mode; what is left of it at the end is killed."""
        command = [
            str(self.program.path), "--print", "--output-format", "stream-json", "--verbose",
            *(self.named(argument) for argument in arguments),
        ]  # fmt: skip
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self.folder))
        running = Running(command, folder, self.project, self.environment, stdin)
        try:
            yield running
        finally:
            running.kill()

    def run(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        """Run the program in print mode to its end."""
        with self.running(*arguments, stdin=stdin) as running:
            return running.end()
