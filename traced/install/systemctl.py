"""
Asking systemd: its manager of the user or of the system, through `systemctl`.

Law: each question waits a bounded time, and who has no systemd is told so, and what to do instead.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from traced.install.errors import UnitError
from traced.install.units import Variant

# A stop of the daemon may take drain_seconds_max, and then some.
ANSWER_SECONDS_MAX: Final = 120.0
BOOTED: Final = Path("/run/systemd/system")  # sd_booted(3)
LINGERING: Final = Path("/var/lib/systemd/linger")

SHOWN: Final = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "MainPID",
    "NRestarts",
    "Result",
    "ExecMainStatus",
    "StatusText",
)


class Manager:
    """The manager of this user or of the system, found to be there."""

    def __init__(self, variant: Variant, environ: Mapping[str, str]) -> None:
        """
        Find it.

        Raises:
            UnitError: If it is not there.
        """
        self._variant = variant
        program = shutil.which("systemctl", path=environ.get("PATH", os.defpath))
        if program is None or not BOOTED.is_dir():
            raise UnitError(
                "systemd does not run here, expected it as the first process:"
                " let what starts your programs run `traced run`"
            )
        self._program = program
        run = self._run("show", "--property=Version")
        if run.returncode:
            raise UnitError(_unreachable(variant, _told(run)))

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that `tell` would run."""
        return [self._program, *(["--user"] if self._variant == "user" else []), *arguments]

    def tell(self, *arguments: str) -> None:
        """
        Let systemctl do something.

        Raises:
            UnitError: If it does not; says what systemctl said.
        """
        run = self._run(*arguments)
        if run.returncode:
            line = " ".join(["systemctl", *self.command(*arguments)[1:]])
            raise UnitError(f"`{line}` failed: {_told(run)}")

    def try_to_tell(self, *arguments: str) -> None:
        """Let systemctl do something that need not be possible."""
        self._run(*arguments)

    def show(self, unit: str) -> dict[str, str]:
        """Return those of the properties SHOWN that a unit has; it need not be known."""
        run = self._run("show", unit, f"--property={','.join(SHOWN)}")
        pairs = (line.partition("=") for line in run.stdout.splitlines())
        return {key: value for key, _, value in pairs}

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(self.command("--no-pager", *arguments))


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """
    Run a program of systemd.

    Raises:
        UnitError: If it cannot be run, or does not end in time.
    """
    try:
        return subprocess.run(  # noqa: S603 - fixed words, paths of units
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnitError(f"{command[0]} could not be asked: {error}") from error


def lingers() -> bool:
    """Tell whether this user's manager runs without a login, from boot on."""
    try:
        return (LINGERING / pwd.getpwuid(os.geteuid()).pw_name).exists()
    except KeyError:
        return False


def _told(run: subprocess.CompletedProcess[str]) -> str:
    lines = run.stderr.strip().splitlines() or [f"exit status {run.returncode}"]
    return lines[0]


def _unreachable(variant: Variant, why: str) -> str:
    if variant == "system":
        return f"the system's manager does not answer: {why}"
    uid = os.geteuid()
    return (
        f"your user's manager does not answer: {why}\n"
        "It runs while you are logged in; a shell of su, sudo or cron may not know of it. Log in as"
        " yourself, or:\n"
        f"  loginctl enable-linger {uid}\n"
        f"  export XDG_RUNTIME_DIR=/run/user/{uid}"
    )
