"""
What a signal means to the daemon.

Law: SIGTERM and SIGINT end it. So does SIGHUP where it has a controlling terminal, which is gone
then; where it has none, SIGHUP asks for a reload of the settings.
"""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
import structlog

log = structlog.get_logger()


class Signals:
    """`received` are those that come, of which `wait_for_end` knows which end the daemon."""

    def __init__(self, received: AsyncIterator[signal.Signals], *, has_terminal: bool) -> None:
        self._received = received
        self._has_terminal = has_terminal
        self._reload_asked = anyio.Event()

    async def wait_for_end(self) -> None:
        """Return at the first of the received signals that ends the daemon."""
        async for number in self._received:
            log.info("signal", name=number.name)
            if number != signal.SIGHUP or self._has_terminal:
                return
            self._reload_asked.set()

    async def end_within(self, seconds_max: float) -> bool:
        """Wait at most this long; tell whether the daemon is to end."""
        with anyio.move_on_after(seconds_max):
            await self.wait_for_end()
            return True
        return False

    async def reload_asked(self) -> None:
        """
        Wait until a reload was asked for since the last return.

        A request while nobody waits here is seen by the next wait; several requests count as one.
        """
        await self._reload_asked.wait()
        self._reload_asked = anyio.Event()


@contextmanager
def received_signals() -> Iterator[Signals]:
    """Receive, for the length of the block, the signals that mean something to the daemon."""
    with anyio.open_signal_receiver(*wanted()) as received:
        yield Signals(received, has_terminal=has_terminal())


def wanted() -> list[signal.Signals]:
    """Return those to receive; whom ``nohup`` told to ignore SIGHUP goes on ignoring it."""
    known = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
    return [each for each in known if signal.getsignal(each) is not signal.SIG_IGN]


def has_terminal() -> bool:
    """Tell whether this process has a controlling terminal; it is lost by the time of a SIGHUP."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
