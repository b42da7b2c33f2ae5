import time

import pytest

from traced.ingest.pulse import HANGING_SECONDS, Pulse


def test_it_beats_while_nothing_waits() -> None:
    """An idle daemon is a healthy one."""
    pulse = Pulse(lambda: 0)

    assert [pulse.beats() for _ in range(3)] == [True, True, True]


def test_it_beats_once_for_each_return_while_something_waits() -> None:
    """A failure that the writer knows is a return like a commit."""
    pulse = Pulse(lambda: 1)
    pulse.beats()
    assert not pulse.beats()
    pulse.returned()
    pulse.returned()

    assert pulse.beats()
    assert not pulse.beats()


def test_it_hangs_when_something_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before, and no more once the writer has returned."""
    now = time.monotonic()
    pulse = Pulse(lambda: 1)
    monkeypatch.setattr(time, "monotonic", lambda: now + HANGING_SECONDS - 1)
    assert not pulse.hangs()
    monkeypatch.setattr(time, "monotonic", lambda: now + HANGING_SECONDS + 1)
    assert pulse.hangs()
    pulse.returned()

    assert not pulse.hangs()


def test_it_does_not_hang_while_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long nothing came."""
    now = time.monotonic()
    pulse = Pulse(lambda: 0)
    monkeypatch.setattr(time, "monotonic", lambda: now + 10 * HANGING_SECONDS)

    assert not pulse.hangs()
