import pytest

from traced.web.pages.axis import Place, axis


@pytest.mark.parametrize(
    ("length_ms", "labels"),
    [
        pytest.param(2800, ["500 ms", "1 s", "1.5 s", "2 s", "2.5 s"], id="seconds"),
        pytest.param(90_000, ["15 s", "30 s", "45 s", "1 min", "1 min 15 s"], id="minutes"),
        pytest.param(7_200_000, ["30 min", "1 h", "1 h 30 min"], id="hours"),
        pytest.param(7, ["2 ms", "4 ms", "6 ms"], id="milliseconds"),
    ],
)
def test_marks_are_round(length_ms: int, labels: list[str]) -> None:
    """An axis is divided by what people count in, and is as short as that allows."""
    assert [text for _, text in axis(1000, 1000 + length_ms).labels] == labels


def test_marks_are_evenly_apart() -> None:
    """Each mark stands where its time is."""
    assert [x for x, _ in axis(0, 100_000).labels] == ["20%", "40%", "60%", "80%"]


def test_a_stretch_of_time_lies_where_it_was() -> None:
    """Half a minute from the tenth second on is so much of an axis of 100 s."""
    assert axis(0, 100_000).place(10_000, 40_000) == Place("10.00%", "30.00%")


def test_the_shortest_is_seen() -> None:
    """What took no time has a width, at the end of the axis too."""
    along = axis(0, 100_000)

    assert along.place(50_000, 50_000) == Place("50.00%", "0.40%")
    assert along.place(100_000, 100_000) == Place("99.60%", "0.40%")


def test_nothing_lies_outside() -> None:
    """A clock that went wrong cannot draw outside of the picture."""
    assert axis(0, 100_000).place(-5_000, 900_000) == Place("0.00%", "100.00%")


@pytest.mark.parametrize("length_ms", [0, -5, 10**15])
def test_any_length_has_an_axis(length_ms: int) -> None:
    """No length, a negative and an absurd one are drawn as well."""
    along = axis(0, length_ms)

    assert along.marks in {4, 5, 6}
    assert along.mark_ms * along.marks >= length_ms
