"""
What a signal means to the daemon.

Law: SIGTERM and SIGINT end it. So does SIGHUP where it has a controlling terminal, which is gone
then; where it has none, SIGHUP asks for the settings to be read anew.
"""

import os
import signal
from collections.abc import AsyncIterator

import anyio
import structlog

log = structlog.get_logger()


class Signals:
    """`wanted` are those to be received; `wait_for_end` knows which of them end the daemon."""

    def __init__(self, *, has_terminal: bool) -> None:
        self._has_terminal = has_terminal
        self._reload_asked = anyio.Event()
        wanted = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
        # Whom ``nohup`` told to ignore SIGHUP goes on ignoring it.
        self.wanted = [each for each in wanted if signal.getsignal(each) is not signal.SIG_IGN]

    async def wait_for_end(self, received: AsyncIterator[signal.Signals]) -> None:
        """Return at the first of the received signals that ends the daemon."""
        async for number in received:
            log.info("signal", name=number.name)
            if number != signal.SIGHUP or self._has_terminal:
                return
            self._reload_asked.set()

    async def reload_asked(self) -> None:
        """
        Wait until a reload was asked for since the last return.

        Who asks while nobody waits here is heard by who waits next; many who ask are heard as one.
        """
        await self._reload_asked.wait()
        self._reload_asked = anyio.Event()

    async def ended_within(
        self, received: AsyncIterator[signal.Signals], seconds_max: float
    ) -> bool:
        """Wait so long; tell whether the daemon is to end."""
        with anyio.move_on_after(seconds_max):
            await self.wait_for_end(received)
            return True
        return False


def has_terminal() -> bool:
    """Tell whether this process has a controlling terminal; it is lost by the time of a SIGHUP."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
