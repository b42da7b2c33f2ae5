"""
Who has been reading the database for long: the log grows past what such a reader still sees.

Law: SQLite tells that somebody holds the log back, never who or since when. So an age counts from
the look at which it was first noticed. A look costs a checkpoint, so looks are rare.
"""

import time
from collections.abc import Callable
from typing import Final

import anyio

from traced.core.errors import StoreBusy
from traced.store.recorder import Recorder
from traced.store.store import Store

LOOK_SECONDS: Final = 10.0


class Readers:
    """`last_commit` tells one commit from the next; None is before the first."""

    def __init__(
        self, store: Store, last_commit: Callable[[], object], seconds: float = LOOK_SECONDS
    ) -> None:
        self._store = store
        self._last_commit = last_commit
        self._seconds = seconds
        self._looked_after: object = None
        self._held_since: float | None = None

    async def watch(self) -> None:
        """Look again and again; never returns."""
        while True:
            await anyio.sleep(self._seconds)
            await self.look()

    async def look(self) -> None:
        """Look once, unless nothing was committed since the last time and nobody was there."""
        commit = self._last_commit()
        if commit == self._looked_after and self._held_since is None:
            return
        try:
            is_held_back = await self._store.run(Recorder.is_held_back)
        except StoreBusy:  # the writer tells of it
            return
        self._looked_after = commit
        if not is_held_back:
            self._held_since = None
        elif self._held_since is None:
            self._held_since = time.monotonic()

    def oldest_seconds(self) -> float | None:
        """Return for how long somebody has been known to hold the log back, None for nobody."""
        since = self._held_since
        return None if since is None else round(time.monotonic() - since, 3)
