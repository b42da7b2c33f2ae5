"""
A time axis: from moments to places on it.

Law: pure; its marks are round numbers, and nothing lies outside of it.
"""

from typing import Final, NamedTuple

from traced.show.times import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, duration

# What people count time in; a mark is a whole number of one of these.
_ROUND_MS: Final = (
    *(number * unit for unit in (1, 10, 100) for number in (1, 2, 5)),
    *(number * SECOND_MS for number in (1, 2, 5, 10, 15, 20, 30)),
    *(number * MINUTE_MS for number in (1, 2, 5, 10, 15, 20, 30)),
    *(number * HOUR_MS for number in (1, 2, 3, 4, 6, 12)),
    *(number * DAY_MS for number in (1, 2, 5, 10, 30, 100, 365, 3650, 36_500, 365_000)),
)
_MARKS: Final = (4, 5, 6)
WIDTH_PERCENT_MIN: Final = 0.4


class Place(NamedTuple):
    """Where something lies, as SVG takes it: `12.5%`."""

    x: str
    width: str


class Axis(NamedTuple):
    """An axis from `start_ms`, with `marks` intervals of `mark_ms` each, in Unix milliseconds."""

    start_ms: float
    mark_ms: float
    marks: int

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Where each mark after the start is, and how long after the start that is."""
        return [
            (f"{100 * number / self.marks:.4g}%", _round(duration(number * self.mark_ms)))
            for number in range(1, self.marks)
        ]

    def place(self, begin_ms: float, end_ms: float) -> Place:
        """Return where a time lies; even the shortest can be seen."""
        begin, end = self._percent(begin_ms), self._percent(end_ms)
        width = max(end - begin, WIDTH_PERCENT_MIN)
        return Place(f"{min(begin, 100 - width):.2f}%", f"{width:.2f}%")

    def _percent(self, moment_ms: float) -> float:
        share = (moment_ms - self.start_ms) / (self.mark_ms * self.marks)
        return 100 * min(max(share, 0), 1)


def _round(text: str) -> str:
    return text.replace(".0 s", " s").removesuffix(" 00 s").removesuffix(" 00 min")


def axis(begin_ms: float, end_ms: float) -> Axis:
    """Return the axis with round marks on which this time takes the most room."""
    length_ms = max(end_ms - begin_ms, 1)
    fitting = [
        Axis(begin_ms, next(each for each in _ROUND_MS if each * marks >= length_ms), marks)
        for marks in _MARKS
        if _ROUND_MS[-1] * marks >= length_ms
    ]
    if not fitting:
        return Axis(begin_ms, length_ms / _MARKS[0], _MARKS[0])
    return min(fitting, key=lambda each: (each.mark_ms * each.marks, each.marks))
