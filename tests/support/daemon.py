"""A real daemon process in a folder of its own, and what its database holds."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

DEADLINE_SECONDS = 30.0
# The traced under test: this one, or the wheel that was installed elsewhere (test_wheel.py).
PYTHON = os.environ.get("TRACED_TESTED_PYTHON", sys.executable)
Row = dict[str, Any]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll a condition until it holds; fail with `what` was waited for after the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {DEADLINE_SECONDS} s for {what}")
        time.sleep(0.01)


class Daemon:
    """
    `traced run` on a database, socket and spool below `folder`; killed when the block ends.

    `around` is a command that runs it and becomes it, such as strace -D or prlimit.
    """

    def __init__(self, folder: Path, *options: str, around: Sequence[str] = ()) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.db = folder / "traced.db"
        self.socket = folder / "traced.sock"
        self.spool = folder / "spool"
        self.log = folder / "log"
        self._options = options
        self.around = around
        self.passed: tuple[int, ...] = ()  # descriptors that it inherits
        self.settings: dict[str, str] = {}  # by their variables
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a user whose folders are all below this folder."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TRACED_")}
        return kept | {
            "HOME": str(self.folder / "home"),
            "TRACED_DB": str(self.db),
            "TRACED_SOCKET": str(self.socket),
            "TRACED_SPOOL": str(self.spool),
            **self.settings,
        }

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it answers."""
        wait_until(self._answers, f"the daemon to answer; its log: {self.log}")

    def launch(self) -> None:
        """Start it, ready or not."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.around, PYTHON, "-m", "traced", "run", *self._options],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.passed,
            )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, return the exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=DEADLINE_SECONDS)

    def kill(self) -> None:
        """Kill it without a chance to tidy up."""
        self.stop(signal.SIGKILL)

    def traced(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a `traced` command against this daemon and its database."""
        return subprocess.run(
            [PYTHON, "-m", "traced", *arguments],
            env=self.environment,
            input=stdin,
            capture_output=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )

    def connect(self) -> "Client":
        """Connect to its socket."""
        return Client(self.socket)

    def send(self, *lines: bytes) -> None:
        """Send lines on one connection and wait until they are settled."""
        with self.connect() as client:
            client.send(*lines)
            client.flush()

    def rows(self, relation: str, **wanted: object) -> list[Row]:
        """Return the rows of a public relation whose columns have these values."""
        with sqlite3.connect(f"file:{self.db}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            where = " AND ".join(f"{column} IS ?" for column in wanted) or "TRUE"
            query = f"SELECT * FROM {relation} WHERE {where}"
            rows = [dict(row) for row in connection.execute(query, tuple(wanted.values()))]
        connection.close()
        return rows

    def steps(self, **wanted: object) -> list[Row]:
        """Return steps in the order of their session and step order."""
        rows = self.rows("execution_traces", **wanted)
        return sorted(rows, key=lambda row: (row["agent"], row["session_id"], row["step_order"]))

    def status(self) -> Row:
        """Return what the daemon says of itself; its counts must add up, whenever it is asked."""
        with self.connect() as client:
            answer = client.ask({"v": 1, "control": "status"})
        ended = answer["stored"] + answer["duplicate"] + answer["ignored"]
        ended += sum(answer["rejected"].values()) + sum(answer["discarded"].values())
        assert answer["received"] == ended + answer["queued"], answer
        return answer

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended: {self.log.read_text()}")
        try:
            with self.connect() as client:
                return bool(client.ask({"v": 1, "control": "ping"})["status"] == "ok")
        except OSError:
            return False


class Client:
    """One connection that speaks the protocol."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(DEADLINE_SECONDS)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close both sides."""
        self._lines.close()
        self._socket.close()

    def send(self, *lines: bytes) -> None:
        """Send lines, each with its newline."""
        self._socket.sendall(b"".join(line + b"\n" for line in lines))

    def send_json(self, *events: Mapping[str, object]) -> None:
        """Send events as JSON lines."""
        self.send(*(json.dumps(event).encode() for event in events))

    def receive(self) -> Row:
        """Return the next line that the daemon answers."""
        line = self._lines.readline()
        assert line.endswith(b"\n"), "the daemon closed the connection"  # killed in mid-answer
        answer: Row = json.loads(line)
        return answer

    def ask(self, event: Mapping[str, object]) -> Row:
        """Send one event and return its answer."""
        self.send_json(event)
        return self.receive()

    def flush(self) -> int:
        """Wait until all that was sent is settled; return how many events that were."""
        answer = self.ask({"v": 1, "control": "flush"})
        return int(answer["events"])
