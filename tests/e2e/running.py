"""
One run of a real program, in a process group of its own.

Law: at the end nothing of it is left.
"""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.daemon import PYTHON, Daemon

RUN_SECONDS_MAX = 60.0


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


@contextmanager
def started(
    command: Sequence[str], folder: Path, cwd: Path, environment: Mapping[str, str], stdin: bytes
) -> Iterator[Running]:
    """Start a program, its output in a part of `folder`; what is left of it then is killed."""
    part = Path(tempfile.mkdtemp(prefix="run-", dir=folder))
    running = Running(command, part, cwd, environment, stdin)
    try:
        yield running
    finally:
        running.kill()


def run_traced(daemon: Daemon, environment: Mapping[str, str], *arguments: str) -> str:
    """Run a `traced` command as the user of an environment; return what it printed."""
    places = {"TRACED_SOCKET": str(daemon.socket), "TRACED_SPOOL": str(daemon.spool)}
    run = subprocess.run(
        [PYTHON, "-m", "traced", *arguments],
        env={**environment, **places},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
