"""
The command that agents run at every hook, and the proof that it works on this machine.

Law: run by `sh -c`, it prints nothing and exits 0 even where interpreter and client have vanished:
Python exits 2 for a missing script, and Claude Code blocks the tool at a 2; so output is dropped
and any failure becomes 0. All paths are absolute, so that no project's environment redirects it. It
outlives the SIGTERM that an agent in a hurry sends; the client bounds itself. Where it runs the
client in C, and that is gone or of another machine, the one in Python takes over: a program that
cannot be started has read nothing.
"""

import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from traced.client import hook
from traced.install.errors import ClientError

PYTHON_FLAGS = "-ISE"  # no site-packages, no user's folder, no PYTHON* variables: 7 ms, not 20
GUARD = ">/dev/null 2>&1 || exit 0"  # costs nothing measurable
# Claude Code 2.1.330 does not wait for StopFailure in print mode: as it exits it sends SIGTERM to
# the hook's process group, and SIGKILL about 1.5 s later. Python starts too late to be told of the
# first: 5 of 12 events were lost, with the signals ignored from the shell on 1 of 20.
SHIELD = "trap '' HUP INT TERM;"
# Those seen to run hooks as children of their own: the parent of the command's shell is the agent,
# and when it is gone, so is what it left running. Claude Code says by itself which process it is,
# but not in its versions up to 2.1.197.
OWN_CHILDREN = {
    "claude-code": '--agent-pid "${CLAUDE_PID:-$PPID}"',
    **dict.fromkeys(("codex", "copilot-cli", "gemini-cli", "opencode"), '--agent-pid "$PPID"'),
}
# No agent has this event: the daemon settles it as `ignored`, and it leaves no trace.
PROBE_PAYLOAD = b'{"hook_event_name":"TracedProbe","session_id":"traced-probe"}\n'
PROBE_SECONDS_MAX = 10.0  # a cold disk; an agent would wait as long
PROBE_ROUNDS = 5
# Another path to the interpreter must save this much to be taken: the first one lives as long as
# this installation of traced, the other may go at an upgrade of Python. What is looked for is a
# shim in a shell (30 to 100 ms beside 7); less may be noise, and installing twice must be once.
FASTER_RATIO = 0.5

# The first is what `install` writes, the others are what people write by hand.
OURS = re.compile(
    r"""
        (?<![^\s/'"])
        (?: traced/client/hook\.py | traced-hook | traced['"]?\s+hook )
        (?![\w./-])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class HookCommand:
    """What an agent runs: this interpreter with this client, which writes to socket or spool."""

    python: Path
    client: Path
    agent: str
    socket: Path
    spool: Path
    compiled: Path | None = None  # the client in C, which runs before the one in Python

    @property
    def shell(self) -> str:
        """The command as `sh -c` takes it."""
        if self.compiled is None:
            return self.alone
        run = f'{shlex.quote(str(self.compiled))} "$@" || {shlex.join(self._python)} "$@"'
        return f"{SHIELD} set -- {self._flags}; {{ {run}; }} {GUARD}"

    @property
    def alone(self) -> str:
        """The command without the client that would take over."""
        return f"{SHIELD} {self.first} {self._flags} {GUARD}"

    @property
    def first(self) -> str:
        """The client that is tried first, without its flags."""
        return shlex.join(self._python if self.compiled is None else [str(self.compiled)])

    @property
    def _python(self) -> list[str]:
        return [str(self.python), PYTHON_FLAGS, str(self.client)]

    @property
    def _flags(self) -> str:
        places = ["--agent", self.agent, "--socket", str(self.socket), "--spool", str(self.spool)]
        flags = shlex.join(places)
        return " ".join(filter(None, (flags, OWN_CHILDREN.get(self.agent))))


@dataclass(frozen=True, slots=True)
class Probe:
    """How one run of a command went."""

    exit_code: int
    seconds: float
    output: bytes  # stdout and stderr together

    @property
    def silent(self) -> bool:
        """Whether an agent would notice nothing."""
        return self.exit_code == 0 and not self.output


def hook_commands(agent: str, socket: Path, spool: Path) -> list[HookCommand]:
    """
    Return the commands that could serve `agent` here, the one to prefer first.

    Raises:
        ClientError: If a path is not text, or Python does not know its own.
    """
    if not sys.executable:
        raise ClientError("Python does not know its own path, expected sys.executable to name it")
    python = Path(sys.executable)
    pythons = dict.fromkeys((python, python.resolve()))
    client = Path(hook.__file__).absolute()
    for path in (*pythons, client, socket, spool):
        require_text(path)
    return [
        HookCommand(python, client, agent, socket.absolute(), spool.absolute())
        for python in pythons
    ]


def is_ours(command: str) -> bool:
    """Tell whether a hook's `command` is traced's, of whatever version and installation."""
    return OURS.search(command) is not None


def probe(command: HookCommand, payload: bytes = PROBE_PAYLOAD) -> Probe:
    """
    Run `command` as an agent would, with `payload` on its stdin, but let nobody take over from it.

    That it was silent does not say that it worked: ask the daemon, or look into the spool.

    Raises:
        ClientError: If it did not end within PROBE_SECONDS_MAX; it is killed then.
    """
    started = time.perf_counter()
    try:
        run = subprocess.run(  # noqa: S603 - the very command that the agent is to run
            ["/bin/sh", "-c", command.alone],
            input=payload,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PROBE_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClientError(
            f"{command.alone}: still running after {PROBE_SECONDS_MAX:g} s, expected an end"
        ) from error
    return Probe(run.returncode, time.perf_counter() - started, run.stdout)


def prove(command: HookCommand) -> Probe:
    """
    Run `command` with a socket where nobody listens and a spool of its own, and look into that.

    Raises:
        ClientError: If the event did not come out whole, or the agent would notice something.
    """
    with tempfile.TemporaryDirectory(prefix="traced-probe-") as folder:
        spool = Path(folder) / "spool"
        trial = replace(command, socket=Path(folder) / "nobody.sock", spool=spool)
        result = probe(trial)
        spooled = [file.read_bytes() for file in spool.glob("*.ndjson")]
    if not result.silent:
        raise ClientError(
            f"{command.alone}: exit code {result.exit_code}, output {result.output[:200]!r},"
            " expected 0 and none"
        )
    if len(spooled) != 1 or PROBE_PAYLOAD.strip() not in spooled[0]:
        raise ClientError(
            f"{command.alone}: a probe event left {len(spooled)} spool files, expected 1 with it;"
            f" try `{command.first}` to see why"
        )
    return result


def fastest(commands: Sequence[HookCommand]) -> tuple[HookCommand, float]:
    """
    Return that of `commands` which works and is fastest, and its shortest run time in seconds.

    An earlier one is kept unless a later one takes less than FASTER_RATIO of its time. Whatever
    else the machine does only adds to a time: so the shortest counts, and all take turns.

    Raises:
        ClientError: If none works; says what is wrong with the first.
    """
    seconds: dict[HookCommand, float] = {}
    failures: dict[HookCommand, ClientError] = {}
    for command in [*commands] * PROBE_ROUNDS:
        if command in failures:
            continue
        try:
            took = prove(command).seconds
        except ClientError as error:
            failures[command] = error
        else:
            seconds[command] = min(took, seconds.get(command, took))
    working = [command for command in commands if command not in failures]
    if not working:
        raise next(iter(failures.values()))
    best = working[0]
    for command in working[1:]:
        if seconds[command] < seconds[best] * FASTER_RATIO:
            best = command
    return best, seconds[best]


def require_text(path: Path) -> None:
    """
    Refuse a path that cannot stand in a JSON file.

    Raises:
        ClientError: If a byte of it is not UTF-8.
    """
    if str(path).encode("utf-8", "replace").decode() != str(path):
        raise ClientError(f"path {str(path)!a} is not UTF-8, expected text")
