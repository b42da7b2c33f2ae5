"""Real servers on real sockets, and the hook client as the process that an agent starts."""

import os
import re
import socket
import socketserver
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.hook_clients import CLIENTS, hook_client

HANG_SECONDS = 60  # generous: only a client that hangs comes near it


def acked(line: bytes, status: bytes = b"stored") -> bytes:
    """Return the answer of a daemon that settled `line`."""
    match = re.search(rb'"event_id":"([0-9a-f]{32})"', line)
    assert match
    return (
        b'{"event_id":"%b","status":"%b","session_id":"s1","step_order":1,'
        b'"error":null,"reason":null}\n' % (match[1], status)
    )


class Server(socketserver.ThreadingUnixStreamServer):
    """A stand-in for the daemon on the other side of the socket."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, path: Path, answer: Callable[[bytes], bytes | None]) -> None:
        super().__init__(str(path), Handler)
        self.answer = answer
        self.received: list[bytes] = []


class Handler(socketserver.StreamRequestHandler):
    """Reads one line, notes it, and gives the server's answer; None is silence until EOF."""

    def handle(self) -> None:
        """Serve one connection."""
        assert isinstance(self.server, Server)
        line = self.rfile.readline()
        self.server.received.append(line)
        answer = self.server.answer(line)
        if answer is None:
            self.rfile.read()
        else:
            self.wfile.write(answer)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose path leaves room for a socket's name (107 bytes in all)."""
    with tempfile.TemporaryDirectory(prefix="hook-") as path:
        yield Path(path)


@pytest.fixture
def spool(folder: Path) -> Path:
    """Name the spool, which does not exist yet."""
    return folder / "state" / "spool"


@pytest.fixture
def spooled(spool: Path) -> Callable[[], list[bytes]]:
    """Give a function that returns the content of every file in the spool, in name order."""
    return lambda: [path.read_bytes() for path in sorted(spool.glob("*"))]


@pytest.fixture
def ack() -> Callable[..., bytes]:
    """Give the function that answers a line as a daemon does."""
    return acked


@pytest.fixture
def listen(folder: Path) -> Iterator[Callable[..., list[bytes]]]:
    """Give a function that serves a socket of the folder; it returns the lines received so far."""
    with ExitStack() as servers:

        def start(name: str, answer: Callable[[bytes], bytes | None] = acked) -> list[bytes]:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            server = servers.enter_context(Server(path, answer))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            servers.callback(thread.join)
            servers.callback(server.shutdown)
            return server.received

        yield start


@pytest.fixture
def silent(folder: Path) -> Iterator[socket.socket]:
    """Listen at the client's socket without ever accepting, as a stuck daemon does."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "sock"))
        listener.listen(8)
        listener.setblocking(False)
        yield listener


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Give the words that start the client, in each of its forms."""
    return hook_client(request.param)


@pytest.fixture
def start_hook(
    client: tuple[str, ...], folder: Path, spool: Path
) -> Callable[..., subprocess.Popen[bytes]]:
    """
    Give a function that starts the client as agents do, with nothing of our own environment.

    Its deadline is long unless a flag says otherwise, so that a busy machine fails no test.
    """

    def start(*flags: str, paths: bool = True, **env: str) -> subprocess.Popen[bytes]:
        named = ["--socket", str(folder / "sock"), "--spool", str(spool)] if paths else []
        return subprocess.Popen(
            [*client, "--deadline-ms", "30000", *named, *flags],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
        )

    return start


@pytest.fixture
def run_hook(start_hook: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., None]:
    """Give a function that runs the client to its end and holds it to what every run owes."""

    def run(payload: bytes, *flags: str, paths: bool = True, **env: str) -> None:
        with start_hook(*flags, paths=paths, **env) as process:
            output, errors = process.communicate(payload, timeout=HANG_SECONDS)
        assert (process.returncode, output, errors) == (os.EX_OK, b"", b"")

    return run
