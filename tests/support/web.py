"""The web application asked in this process, and as a real server."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import anyio
import httpx
from starlette.types import ASGIApp

from support.daemon import DEADLINE_SECONDS, PYTHON, wait_until
from support.served import Served, served
from traced.config import Config
from traced.web.app import create_app
from traced.web.link import Link
from traced.web.reading import Reading

SHOWN_AT = "traced shows what it recorded at"


def app_on(folder: Path, link: Link | None = None, **more: object) -> ASGIApp:
    """Return the application, without its door, on what is in a folder."""
    app: Callable[..., ASGIApp] = create_app
    return app(Reading(folder / "traced.db"), link or link_in(folder), **more)


def link_in(folder: Path, name: str = "traced", seconds_max: float = DEADLINE_SECONDS) -> Link:
    """Return the link to the daemon whose socket and spool are in a folder."""
    return Link([folder / f"{name}.sock"], folder / "spool", seconds_max)


def app_of(config: Config, **more: object) -> ASGIApp:
    """Return the application, without its door, of a daemon of this process."""
    app: Callable[..., ASGIApp] = create_app
    link = Link([config.socket], config.spool, DEADLINE_SECONDS)
    return app(Reading(config.db), link, **more)


@asynccontextmanager
async def running(folder: Path, **settings: object) -> AsyncIterator[Served]:
    """Run a daemon in this process for the length of the block, which begins when it is ready."""
    async with served(folder, **settings) as daemon:
        with anyio.fail_after(DEADLINE_SECONDS):
            await daemon.ready.wait()
        yield daemon


@asynccontextmanager
async def asking(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Ask an application of this process."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


class Server:
    """`traced web` on a folder's database, socket and spool; killed when the block ends."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._options = options
        self._output = folder / "web-output"
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a user whose folders are all below this folder."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("TRACED_", "XDG_"))
        }
        places = {
            "HOME": self._folder / "home",
            "TRACED_DB": self._folder / "traced.db",
            "TRACED_SOCKET": self._folder / "traced.sock",
            "TRACED_SPOOL": self._folder / "spool",
        }
        return kept | {name: str(path) for name, path in places.items()}

    def __enter__(self) -> Self:
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [PYTHON, "-m", "traced", "web", "--port", "0", *self._options],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until(self._is_shown, f"the server to listen; its output: {self._output}")
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def output(self) -> str:
        """What it printed."""
        return self._output.read_text()

    @property
    def port(self) -> int:
        """Where it listens."""
        port = httpx.URL(self.url).port
        assert port is not None
        return port

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=DEADLINE_SECONDS)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Get a path from this machine, whatever the address that it listens on."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.get(url, headers=sent, timeout=DEADLINE_SECONDS)

    @property
    def token_file(self) -> Path:
        """Where the token is, if one was needed."""
        return self._folder / "home/.local/state/traced/web-token"

    def _is_shown(self) -> bool:
        assert self.process is not None
        output = self.output
        assert self.process.poll() is None, output
        for line in output.splitlines():
            if line.startswith(SHOWN_AT):
                self.url = line.removeprefix(SHOWN_AT).strip().rstrip("/")
        return bool(self.url)
