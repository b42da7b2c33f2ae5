"""
What a scenario is made of: what the model says, and by hand what must be recorded of it.

Law: a call is named `<script>_<turn>_<place>`; `@project` is the project's folder, `@agent` the
tool that launches sub-agents, `@session` the session's id. A bench puts in what they stand for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from e2e.claude import SKIP
from e2e.scripts import Call, Scripts

NEW = (2, 1)  # the first version that tells of agent, prompt and duration, and of refused calls


@dataclass(frozen=True)
class Step:
    """One expected row; `within` is the call whose sub-agent ran it."""

    call: str | None
    trace_type: str
    name: str
    input: str | None
    status: str = "ok"
    source: str | None = None
    error: str | None = None
    prompt: int = 1
    within: str | None = None
    since: tuple[int, ...] = (2, 0)
    status_before: str | None = None  # in 2.0, which tells less


@dataclass(frozen=True)
class Run:
    """The program is started once, with its prompt on stdin."""

    prompt: str
    flags: tuple[str, ...] = (SKIP,)
    exit_code: int = 0


@dataclass(frozen=True)
class Scenario:
    """Runs of one session with all that they need."""

    name: str
    scripts: Scripts
    steps: tuple[Step, ...]
    runs: tuple[Run, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    agents: int = 0  # sub-agents that a call launched
    prompts: tuple[str, ...] = ("user",)  # who submitted each
    summary: str | None = None  # of the first, where it is not just what the first run is given
    since: tuple[int, ...] = (2, 0)

    @property
    def starts(self) -> tuple[Run, ...]:
        """Return the runs; without any, one that follows the script of the scenario's name."""
        return self.runs or (Run(follow(self.name)),)


def follow(script: str) -> str:
    """Return a prompt at which the model follows a script."""
    return f"[[script:{script}]] Go."


def bash(command: str) -> Call:
    """Call the shell."""
    return Call("Bash", {"command": command, "description": "As the script says"})


def read(path: str) -> Call:
    """Read a file."""
    return Call("Read", {"file_path": path})


def launch(script: str, *, background: bool = False) -> Call:
    """Launch a sub-agent that follows a script; 2.1.330 waits for it only if it is told to."""
    return Call(
        "@agent",
        {
            "description": f"Play {script}",
            "prompt": follow(script),
            "subagent_type": "general-purpose",
            "run_in_background": background,
        },
    )
