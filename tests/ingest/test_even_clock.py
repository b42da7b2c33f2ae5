from typing import Final

from traced.ingest.even_clock import EvenClock, Reading

HOUR_MS: Final = 60 * 60 * 1000
NS: Final = 1_000_000
START: Final = 1_800_000_000_000


class Hands:
    """The wall clock and the one that nobody can set, in milliseconds."""

    def __init__(self) -> None:
        self.wall, self.elapsed = START, 5000
        self.clock = EvenClock(lambda: self.wall * NS, lambda: self.elapsed * NS)

    def pass_time(self, hours: float) -> None:
        """Let time go by on both."""
        self.wall += round(hours * HOUR_MS)
        self.elapsed += round(hours * HOUR_MS)


def test_a_clock_that_nobody_sets_runs_evenly_since_its_creation() -> None:
    """However long there is no look at it."""
    hands = Hands()
    hands.pass_time(30)

    assert hands.clock.read() == Reading(START + 30 * HOUR_MS, START)


def test_a_clock_that_was_set_runs_evenly_since_the_look_that_found_it() -> None:
    """Ahead or back; the looks after it find it even again."""
    for hours in (1, 9999, -1, -9999):
        hands = Hands()
        hands.pass_time(30)
        hands.wall += hours * HOUR_MS
        found = hands.clock.read()
        hands.pass_time(2)

        assert found == Reading(START + (30 + hours) * HOUR_MS, START + (30 + hours) * HOUR_MS)
        assert hands.clock.read() == Reading(found.now + 2 * HOUR_MS, found.now)


def test_small_corrections_are_no_setting() -> None:
    """NTP makes them all day, and they do not add up to one."""
    hands = Hands()
    for _ in range(10):
        hands.pass_time(1)
        hands.wall += HOUR_MS // 2

        assert hands.clock.read().even_since == START


def test_the_real_clocks_are_read() -> None:
    """In milliseconds, and with nothing in between they agree."""
    clock = EvenClock()
    first, second = clock.read(), clock.read()

    assert START - 500 * 24 * HOUR_MS < first.even_since <= first.now <= second.now
    assert second.even_since == first.even_since
