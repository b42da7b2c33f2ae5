"""
The link to the daemon: its figures, and events handed to it.

Law: what was taken is settled by the daemon or lies in the spool, under one event id, so that what
is in both counts once; nobody waits for the daemon longer than a bounded time.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import anyio
import anyio.to_thread
import msgspec
from anyio.abc import UNIXSocketStream

from traced.client import spool
from traced.core.errors import NotRunning

ANSWER_SECONDS_MAX: Final = 3.0
ANSWER_BYTES_MAX: Final = 1 << 16
_STATUS: Final = b'{"v":1,"control":"status"}\n'

Figures = dict[str, object]


class Ack(msgspec.Struct, frozen=True):
    """What the daemon made of an event."""

    status: Literal["stored", "duplicate", "ignored", "rejected"]
    reason: str | None = None
    error: str | None = None


class Link:
    """Knows where the daemon listens (`places`, in turn), and the spool."""

    def __init__(
        self, places: Sequence[Path], spool_folder: Path, seconds_max: float = ANSWER_SECONDS_MAX
    ) -> None:
        self._places = places
        self._spool = spool_folder
        self._seconds_max = seconds_max

    async def status(self) -> Figures:
        """
        Return the daemon's figures.

        Raises:
            NotRunning: If none answers in time, or will not tell.
        """
        try:
            answer = msgspec.json.decode(await self._ask(_STATUS), type=Figures)
        except (OSError, msgspec.MsgspecError) as error:
            raise NotRunning(
                f"no daemon answers ({_why(error)}): start it with `traced run`"
            ) from error
        if answer.get("status") != "ok":
            raise NotRunning(f"the daemon refuses to tell: {answer.get('error')}")
        return answer

    async def hand_over(self, line: bytes) -> Ack | None:
        """
        Get an event settled, or spooled; return what the daemon made of it, None if spooled.

        `line` asks for an ack, holds an event id, and ends in a newline.

        Raises:
            OSError: If neither was possible.
        """
        try:
            return msgspec.json.decode(await self._ask(line), type=Ack)
        except (OSError, msgspec.MsgspecError):
            await anyio.to_thread.run_sync(spool.write, self._spool, line)
            return None

    async def _ask(self, line: bytes) -> bytes:
        """Send a line to the first place where somebody listens; return the one that answers."""
        with anyio.fail_after(self._seconds_max):
            async with await self._connect() as stream:
                try:
                    await stream.send(line)
                    return await _answer(stream)
                except (anyio.EndOfStream, anyio.BrokenResourceError) as error:
                    raise ConnectionResetError("it closed the connection") from error

    async def _connect(self) -> UNIXSocketStream:
        problem: OSError = ConnectionRefusedError("nowhere to look for it")
        for place in self._places:
            try:
                return await anyio.connect_unix(place)
            except OSError as error:
                problem = error
        raise problem


async def _answer(stream: UNIXSocketStream) -> bytes:
    answer = b""
    while not answer.endswith(b"\n"):
        answer += await stream.receive()
        if len(answer) > ANSWER_BYTES_MAX:
            raise ConnectionAbortedError(f"it answered {len(answer)} bytes without a newline")
    return answer


def _why(error: Exception) -> str:
    strerror: str | None = getattr(error, "strerror", None)
    return strerror or str(error) or "not in time"
