"""A daemon of its own in a folder of its own, started and stopped by pid."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from benchmarks.measure import cpu_seconds, memory_mib

START_SECONDS_MAX = 60.0


class Server:
    """
    `traced run` with its database, socket and spool below `folder`.

    `options` are its flags; `settings` are variables that it gets besides, by their names.
    """

    def __init__(self, folder: Path, *options: str, **settings: str) -> None:
        folder = folder.absolute()  # as its variables have to be
        folder.mkdir(mode=0o700, exist_ok=True)
        self.db = folder / "traced.db"
        self.socket = folder / "traced.sock"
        self.spool = folder / "spool"
        self._log = folder / "log"
        self._options = options
        self._settings = settings
        self.start_seconds = 0.0

    def __enter__(self) -> Self:
        started = time.monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "traced", "run", *self._options],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() - started > START_SECONDS_MAX:
                raise RuntimeError(f"the daemon did not start: {self._log.read_text()}")
            time.sleep(0.002)
        self.start_seconds = time.monotonic() - started
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=START_SECONDS_MAX)

    @property
    def environment(self) -> dict[str, str]:
        """The environment that leads to this daemon."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRACED_")}
        return kept | {
            "TRACED_DB": str(self.db),
            "TRACED_SOCKET": str(self.socket),
            "TRACED_SPOOL": str(self.spool),
            **self._settings,
        }

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def cpu(self) -> float:
        """Its CPU seconds so far."""
        return cpu_seconds(self.pid)

    def memory(self, what: str = "VmRSS") -> float:
        """Its memory in MiB."""
        return memory_mib(self.pid, what)

    def status(self) -> dict[str, Any]:
        """What it says of itself."""
        return self._ask(b'{"v":1,"control":"status"}\n')

    def wait_for(self, events: int) -> None:
        """Wait until so many events have been received, and all of them are settled."""
        while True:
            status = self.status()
            if status["received"] >= events and status["queued"] == 0:
                return
            time.sleep(0.005)

    def _ask(self, line: bytes) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            connection.sendall(line)
            answer: dict[str, Any] = json.loads(connection.makefile("rb").readline())
            return answer

    def _answers(self) -> bool:
        try:
            return bool(self._ask(b'{"v":1,"control":"ping"}\n')["status"] == "ok")
        except OSError:
            return False
