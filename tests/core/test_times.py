import math

import pytest

from traced.core.times import MS_MAX, parse_time

TENTH_MARCH = 1_773_137_472_000  # date -u -d 2026-03-10T10:11:12Z +%s, in milliseconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-10T10:11:12Z", TENTH_MARCH),
        ("2026-03-10t10:11:12z", TENTH_MARCH),
        ("2026-03-10 10:11:12Z", TENTH_MARCH),
        ("2026-03-10T10:11:12.5Z", TENTH_MARCH + 500),
        ("2026-03-10T10:11:12.123Z", TENTH_MARCH + 123),
        ("2026-03-10T10:11:12.123456789Z", TENTH_MARCH + 123),
        ("2026-03-10T10:11:12.9999Z", TENTH_MARCH + 999),
        ("2026-03-10T12:11:12+02:00", TENTH_MARCH),
        ("2026-03-10T04:41:12-05:30", TENTH_MARCH),
        ("2026-03-10T10:11:12-00:00", TENTH_MARCH),
        ("1970-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59.999Z", MS_MAX),
    ],
)
def test_an_rfc_3339_time_becomes_unix_milliseconds(text: str, expected: int) -> None:
    """Offsets are applied, fractions are rounded down, letters may be small."""
    assert parse_time(text) == expected


def test_a_leap_second_is_the_second_after_it() -> None:
    """RFC 3339 allows second 60; Unix time has no place for it of its own."""
    assert parse_time("2016-12-31T23:59:60Z") == 1_483_228_800_000
    assert parse_time("2016-12-31T23:59:60.25+00:00") == 1_483_228_800_250


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1773137472000",
        "2026-03-10",
        "2026-03-10T10:11Z",
        "2026-W11-2T10:11:12Z",
        "2026-02-29T10:11:12Z",
        "2026-03-10T24:00:00Z",
        "2026-03-10T10:11:61Z",
        "2026-13-10T10:11:60Z",
        "2026-03-10T10:11:12,5Z",
        "2026-03-10T10:11:12+24:00",
        " 2026-03-10T10:11:12Z",
        "\uff12026-03-10T10:11:12Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """Dates alone, other ISO 8601 forms and impossible times are refused, with an example."""
    with pytest.raises(ValueError, match=r"^no RFC 3339 time, expected one like 2026-11-22T"):
        parse_time(text)


def test_a_time_without_offset_is_refused() -> None:
    """Nobody knows which instant it means."""
    with pytest.raises(ValueError, match=r"^a time without offset, expected one like 2026-11-22T"):
        parse_time("2026-03-10T10:11:12")


@pytest.mark.parametrize("text", ["1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00+10:00"])
def test_a_time_before_1970_is_refused(text: str) -> None:
    """What cannot be an agent's time does not reach the database."""
    with pytest.raises(ValueError, match=r"^a time outside the years 1970 to 9999$"):
        parse_time(text)


def test_numbers_are_unix_milliseconds() -> None:
    """Whole or not; what is below a millisecond is cut off."""
    assert parse_time(0) == 0
    assert parse_time(TENTH_MARCH) == TENTH_MARCH
    assert parse_time(TENTH_MARCH + 0.9) == TENTH_MARCH
    assert parse_time(MS_MAX) == MS_MAX


@pytest.mark.parametrize("number", [-1, MS_MAX + 1, math.inf, -math.inf, math.nan, 10**400])
def test_numbers_out_of_range_are_refused(number: float) -> None:
    """Infinities and NaN included."""
    with pytest.raises(ValueError, match=r"^a number outside 0 to 253402300799999, expected Unix"):
        parse_time(number)


def test_no_time_stays_no_time() -> None:
    """None is for a time that was not told."""
    assert parse_time(None) is None
