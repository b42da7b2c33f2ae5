"""A second daemon on a place that is taken, or cannot be had."""

import os
import subprocess
from pathlib import Path

from support.daemon import DEADLINE_SECONDS, PYTHON


class Second:
    """A start of `traced run` that is to be refused, on places of its own unless they are given."""

    def __init__(self, folder: Path, **places: Path) -> None:
        own = {"db": folder / "traced.db", "socket": folder / "traced.sock"}
        own["spool"] = folder / "spool"
        self.places = own | places
        command = [PYTHON, "-m", "traced", "run"]
        for name, path in self.places.items():
            command += [f"--{name}", str(path)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TRACED_")}
        self.process = subprocess.Popen(
            command,
            env=environment | {"HOME": str(folder / "home")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def refused(self) -> tuple[int, str]:
        """Return its exit code, and what it said."""
        try:
            out, told = self.process.communicate(timeout=DEADLINE_SECONDS)
        finally:
            self.process.kill()  # for one that was let in must not outlive the test
            self.process.wait()
        assert "Traceback" not in told
        assert out == ""
        return self.process.returncode, told
