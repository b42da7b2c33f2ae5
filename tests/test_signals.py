import signal
from collections.abc import AsyncIterator

import anyio
import pytest

from traced.signals import Signals, wanted


async def received(*numbers: signal.Signals) -> AsyncIterator[signal.Signals]:
    """These signals, one after the other."""
    for number in numbers:
        yield number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_these_end_it(number: signal.Signals) -> None:
    """SIGTERM and SIGINT end the daemon; what comes behind them is not waited for."""
    signals = received(number, signal.SIGUSR1)

    await Signals(signals, has_terminal=False).wait_for_end()

    assert await anext(signals) == signal.SIGUSR1


async def test_sighup_without_a_terminal_does_not_end_it() -> None:
    """A service's SIGHUP is about its settings: it goes on until something else comes."""
    signals = received(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1)

    await Signals(signals, has_terminal=False).wait_for_end()

    assert await anext(signals) == signal.SIGUSR1


async def test_sighup_without_a_terminal_asks_for_a_reload() -> None:
    """Who waits only later hears of it too; several in between are one."""
    hangups = received(signal.SIGHUP, signal.SIGHUP, signal.SIGTERM)
    signals = Signals(hangups, has_terminal=False)
    await signals.wait_for_end()

    with anyio.fail_after(30):
        await signals.reload_asked()
    with anyio.move_on_after(0.01) as second:
        await signals.reload_asked()
    assert second.cancelled_caught


async def test_sighup_of_a_terminal_asks_for_nothing() -> None:
    """It is the end."""
    signals = Signals(received(signal.SIGHUP), has_terminal=True)
    await signals.wait_for_end()

    with anyio.move_on_after(0.01) as waiting:
        await signals.reload_asked()
    assert waiting.cancelled_caught


async def test_sighup_of_a_terminal_ends_it() -> None:
    """Whoever closes the window in which it runs wants it to stop, cleanly."""
    signals = received(signal.SIGHUP, signal.SIGUSR1)

    await Signals(signals, has_terminal=True).wait_for_end()

    assert await anext(signals) == signal.SIGUSR1


def test_an_ignored_sighup_stays_ignored() -> None:
    """Under nohup nobody asks for it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in wanted()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert signal.SIGHUP in wanted()


async def silence() -> AsyncIterator[signal.Signals]:
    """No signal ever comes."""
    await anyio.sleep_forever()
    yield signal.SIGTERM


async def test_a_bounded_wait_tells_whether_the_end_came() -> None:
    """So a daemon that waits for its database hears it in between."""
    assert await Signals(received(signal.SIGTERM), has_terminal=True).end_within(30)
    assert not await Signals(silence(), has_terminal=True).end_within(0.01)
