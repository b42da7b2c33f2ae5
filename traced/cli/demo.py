"""
The demo: a recorded session of a real agent, played into a real daemon, shown as `show` does.

Law: everything happens in a temporary folder that is gone afterwards; nothing of the user's is
touched, and no agent needs to be installed.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Final

import typer

from traced.cli.asking import ask
from traced.cli.reading import show
from traced.core.errors import NotRunning, TracedError

START_SECONDS_MAX: Final = 10.0
STOP_SECONDS_MAX: Final = 10.0
POLL_SECONDS: Final = 0.02


def demo() -> None:
    """
    Play a recorded Claude Code session into a temporary daemon and show it.

    The session is real: two sub-agents at once, parallel calls, one refused call.

    Example: traced demo
    """
    with tempfile.TemporaryDirectory(prefix="traced-demo-") as folder:
        places = _Places(Path(folder))
        with _daemon(places):
            _play(places.socket)
        typer.echo("A recorded Claude Code session, as `traced show last` shows it:\n")
        show("last", db=places.db)
    typer.echo("\nRecord your own: traced install claude-code, then traced run")


class _Places:
    def __init__(self, folder: Path) -> None:
        self.db = folder / "traced.db"
        self.socket = folder / "traced.sock"
        self.spool = folder / "spool"
        self.log = folder / "log"


@contextmanager
def _daemon(places: _Places) -> Iterator[None]:
    # Isolated from the user's settings, which may point elsewhere or be wrong.
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TRACED_")}
    given = {"--db": places.db, "--socket": places.socket, "--spool": places.spool}
    flags = [str(part) for pair in given.items() for part in pair]
    environment = kept | {"XDG_CONFIG_HOME": str(places.db.parent)}
    with places.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # this very program
            [sys.executable, "-m", "traced", "run", *flags],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(process, places)
        yield
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS_MAX)
    finally:
        process.kill()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], places: _Places) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            ask([places.socket], "ping")
        except NotRunning:
            time.sleep(POLL_SECONDS)
        else:
            return
    log = places.log.read_text(errors="replace").strip()
    raise TracedError(f"the daemon of the demo did not start: {log or 'it said nothing'}")


def _play(place: Path) -> None:
    recorded = resources.files("traced.cli").joinpath("recorded/claude-code.jsonl").read_bytes()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(START_SECONDS_MAX)
        sock.connect(os.fspath(place))
        sock.sendall(recorded + b'{"v":1,"control":"flush"}\n')
        sock.recv(1024)
