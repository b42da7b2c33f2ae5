import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traced.show import times

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("length_ms", "shown"),
    [
        (0, "0 ms"),
        (0.4, "0.4 ms"),
        (12.3, "12 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (3200, "3.2 s"),
        (59_940, "59.9 s"),
        (59_960, "1 min 00 s"),
        (4 * MINUTE + 2 * SECOND, "4 min 02 s"),
        (59.999 * MINUTE, "1 h 00 min"),
        (2 * HOUR + 5 * MINUTE, "2 h 05 min"),
        (23.9999 * HOUR, "1 d 0 h"),
        (3 * DAY + 4 * HOUR, "3 d 4 h"),
        (100 * DAY, "100 d"),
        (1e300, "> 9999 d"),
        (float("inf"), ""),
        (None, ""),
    ],
)
def test_durations_have_two_units(length_ms: float | None, shown: str) -> None:
    """A duration is said in its two largest units, rounded once."""
    assert times.duration(length_ms) == shown


@given(st.floats(min_value=0))
def test_durations_are_short(length_ms: float) -> None:
    """No duration is longer than eleven characters, for which columns have room."""
    assert len(times.duration(length_ms)) <= 11


@pytest.mark.parametrize(
    ("length_ms", "shown"),
    [
        (-5 * SECOND, "just now"),
        (999, "just now"),
        (SECOND, "1 s ago"),
        (59 * SECOND, "59 s ago"),
        (61 * SECOND, "1 min ago"),
        (5 * HOUR, "5 h ago"),
        (40 * DAY, "40 d ago"),
    ],
)
def test_ago_has_one_unit(length_ms: int, shown: str) -> None:
    """How long ago something was is said in its largest unit; what is to come is now."""
    assert times.ago(length_ms) == shown


def test_stored_times_are_utc() -> None:
    """A stored time is read as UTC, to the millisecond."""
    assert times.epoch_ms("2027-01-15T08:00:00.123Z") == 1_800_000_000_123


@pytest.mark.parametrize("text", [None, "", "yesterday", "-471-01-01T00:00:00.000Z"])
def test_unreadable_times_are_unknown(text: str | None) -> None:
    """A time that is missing or beyond the calendar is unknown, never an error."""
    assert times.epoch_ms(text) is None
    assert times.clock(text) == ""


def test_times_are_shown_in_the_local_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """People see the time of their own zone, the day too."""
    monkeypatch.setenv("TZ", "XYZ-05:30")
    time.tzset()

    assert times.clock("2027-01-15T20:00:00.000Z") == "01:30:00"
    assert times.date("2027-01-15T20:00:00.000Z") == "2027-01-16"
    assert times.date_and_clock("2027-01-15T20:00:00.000Z") == "2027-01-16 01:30:00"


@pytest.mark.parametrize(
    ("text", "since_ms"),
    [
        ("90s", 1_800_000_000_000 - 90 * SECOND),
        ("15m", 1_800_000_000_000 - 15 * MINUTE),
        ("24h", 1_800_000_000_000 - DAY),
        ("7d", 1_800_000_000_000 - 7 * DAY),
        ("2027-01-15", 1_799_971_200_000),
        ("2027-01-15T08:00Z", 1_800_000_000_000),
        ("2027-01-15T08:00:00.5+01:00", 1_800_000_000_500 - HOUR),
        ("", None),
        ("5", None),
        ("5w", None),
        ("-5m", None),
        ("9" * 10 + "s", None),
        ("yesterday", None),
        ("0001-01-01", None),
    ],
)
def test_a_time_to_look_back_to(text: str, since_ms: int | None) -> None:
    """How long ago, or a date; without a zone it is the local one, which is UTC here."""
    assert times.since_ms(text, 1_800_000_000_000) == since_ms
