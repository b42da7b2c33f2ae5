"""A real `traced web` beside a daemon."""

import re
import subprocess

from support.daemon import PYTHON, Daemon, wait_until


class Site:
    """A daemon, and the pages that show what it records."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self._log = daemon.folder / "web.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [PYTHON, "-m", "traced", "web", "--port", "0"],
                env=daemon.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: self._found() is not None, "traced web to say where it is")
        found = self._found()
        assert found is not None
        self.url = found[0].rstrip("/")

    def _found(self) -> re.Match[str] | None:
        return re.search(r"http://127\.0\.0\.1:\d+/", self._log.read_text())

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
