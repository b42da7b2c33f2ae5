"""When an event happened, as far as anybody told."""

import math

import pytest

from traced.core.when import happened_at, near

NOW = 1_800_000_000_000
DAY = 86_400_000


def test_the_agents_own_time_beats_all() -> None:
    """What the agent says of its event is nearest to it."""
    assert happened_at(5, 6, NOW) == 5


def test_the_senders_time_beats_the_receivers() -> None:
    """A spooled event happened when it was sent."""
    assert happened_at(None, 6, NOW) == 6


def test_without_any_time_it_happened_now() -> None:
    """Bare payloads of most agents have none."""
    assert happened_at(None, None, NOW) == NOW


def test_a_time_that_does_not_count_gives_way() -> None:
    """An agent's time that cannot be read leaves the sender's."""
    assert happened_at("yesterday", 6, NOW) == 6


def test_0_is_a_time() -> None:
    """The epoch is a value, not missing."""
    assert happened_at(0, 6, NOW) == 0


@pytest.mark.parametrize(
    ("told", "at"),
    [
        (1_795_357_775_897, 1_795_357_775_897),
        (1_795_357_775_897.9, 1_795_357_775_897),
        ("2026-11-22T14:40:42.662Z", 1_795_358_442_662),
        (NOW + DAY, NOW + DAY),
    ],
)
def test_times_that_count(told: object, at: int) -> None:
    """Unix milliseconds and RFC 3339, up to a day ahead."""
    assert near(told, NOW) == at


@pytest.mark.parametrize(
    "told",
    [
        None, True, False, "", "soon", "2026-11-22", "2026-11-22T14:40:42", -1, NOW + DAY + 1,
        math.nan, math.inf, 10**400, [5], {"at": 5}, "9" * 10_000,
    ],
)  # fmt: skip
def test_times_that_do_not_count(told: object) -> None:
    """What cannot be read, or lies more than a day ahead, was not told."""
    assert near(told, NOW) is None
