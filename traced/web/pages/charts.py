"""
The figures of a session as small charts.

Law: pure; each bar is a share of the largest, and nothing is drawn that is not also said in words.
"""

from typing import NamedTuple

from traced.store.viewing import Kind, Notable


class Bar(NamedTuple):
    """A kind or a step, and its share of the largest as SVG takes it: `12.5%`."""

    of: Kind | Notable
    width: str


class Charts(NamedTuple):
    """What ran most often, what took longest, and what failed, the latest first."""

    kinds: list[Bar]
    slowest: list[Bar]
    failed: list[Notable]


def charts(kinds: list[Kind], notable: list[Notable]) -> Charts:
    """Return the charts of a session's figures."""
    calls = max((each.calls for each in kinds), default=1)
    slow = [(each, each.duration_ms or 0) for each in notable if each.is_slow]
    longest = max((length for _, length in slow), default=0) or 1
    return Charts(
        [Bar(each, _share(each.calls, calls)) for each in kinds],
        [Bar(each, _share(length, longest)) for each, length in slow],
        [each for each in notable if not each.is_slow],
    )


def _share(value: float, largest: float) -> str:
    return f"{max(100 * value / largest, 1):.1f}%"
