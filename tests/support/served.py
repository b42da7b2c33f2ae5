"""The whole daemon in this process, on a database, socket and spool below a folder."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec

from support.house import Client
from support.store_room import rows
from traced.config import Config
from traced.daemon import serve


class Served:
    """A daemon that is ready; stopped by `stop` or at the end of its block."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.ready = anyio.Event()
        self.over = anyio.Event()
        self._clients: list[anyio.abc.SocketStream] = []

    async def client(self, *lines: bytes) -> Client:
        """Connect, and send these lines."""
        stream = await anyio.connect_unix(self.config.socket)
        self._clients.append(stream)
        return await Client(stream).send(*lines)

    async def status(self) -> dict[str, Any]:
        """Return what it says of itself."""
        client = await self.client(b'{"v":1,"control":"status"}\n')
        answer = await client.answer()
        await client.stream.aclose()
        return answer

    async def stop(self) -> None:
        """Stop it by the signal that systemd sends, and wait for its end."""
        os.kill(os.getpid(), signal.SIGTERM)
        with anyio.fail_after(60):
            await self.over.wait()

    @property
    def names(self) -> list[str]:
        """The names of all steps, in the order of their recording."""
        query = "SELECT name FROM execution_traces ORDER BY step_order"
        return [row["name"] for row in rows(self.config.db, query)]

    async def run(self) -> None:
        """Serve until the end; set back what it sets for the whole process."""
        umask, interval = os.umask(0o077), sys.getswitchinterval()
        try:
            await serve(self.config, self.ready.set)
        finally:
            os.umask(umask)
            sys.setswitchinterval(interval)
            self.over.set()

    async def close(self) -> None:
        """Close the clients."""
        for stream in self._clients:
            await stream.aclose()


def config_in(folder: Path, **settings: object) -> Config:
    """Return the settings of a daemon below a folder, whose spool is made."""
    (folder / "spool").mkdir(mode=0o700, exist_ok=True)
    places = {"socket": folder / "t.sock", "db": folder / "t.db", "spool": folder / "spool"}
    return msgspec.convert({**places, **settings}, Config)


@asynccontextmanager
async def served(folder: Path, **settings: object) -> AsyncIterator[Served]:
    """Run a daemon for the length of the block."""
    daemon = Served(config_in(folder, spool_scan_seconds=0.05, **settings))
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(daemon.run)
            yield daemon
            if not daemon.over.is_set():
                await daemon.stop()
    finally:
        await daemon.close()
