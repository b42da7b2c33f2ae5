"""
Whether a daemon records while pages are open, as their streams tell it.

Law: it asks for all streams together, every few seconds and only while one is open; a daemon that
hangs keeps no step from anybody.
"""

import time
from typing import Final

import anyio

from traced.core.errors import NotRunning
from traced.web.link import Link

ASK_SECONDS: Final = 5.0
AWAY: Final = "away"


class Presence:
    """
    Knows the daemon's state, as of a few seconds ago.

    `state` is its writer's (`ok`, `retrying`, `stopping`), `away` where no daemon answers, and None
    before anybody has asked.
    """

    def __init__(self, link: Link) -> None:
        self.state: str | None = None
        self._link = link
        self._asking = anyio.Lock()
        self._next_ask = 0.0

    async def follow(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            async with self._asking:
                if time.monotonic() >= self._next_ask:
                    self.state = await self._ask()
                    self._next_ask = time.monotonic() + ASK_SECONDS
            await anyio.sleep(max(0.0, self._next_ask - time.monotonic()))

    async def _ask(self) -> str:
        try:
            return str((await self._link.status()).get("state"))
        except NotRunning:
            return AWAY
