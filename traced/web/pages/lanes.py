"""
A prompt's steps as a strip of lanes: what ran side by side lies side by side.

Law: pure; the main agent's lanes come first, and each sub-agent has lanes of its own below them.
What is finer than the picture is drawn once.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from traced.store.viewing import Bar

WIDTH: Final = 1000  # of the picture, in its own units; it is stretched to the room there is
LANE_HEIGHT: Final = 6
LANES_MAX: Final = 10
_BAR_HEIGHT: Final = 4
_BAR_WIDTH_MIN: Final = 3
_FAILED: Final = frozenset({"error", "denied"})


class Shape(NamedTuple):
    """All bars of one colour, as the path of an SVG."""

    colour: str
    path: str


class Strip(NamedTuple):
    """The picture of a prompt; `agents` are the grounds below what each sub-agent ran."""

    height: int
    lanes: int
    agents: str
    shapes: list[Shape]


class _Lanes(NamedTuple):
    bars: list[tuple[int, Bar]]  # each with its lane
    height: int  # how many lanes
    began_at: float
    ended_at: float


def strip(bars: Sequence[Bar], now_ms: int) -> Strip | None:
    """Return the picture of bars, in which what runs reaches until now; None of none."""
    if not bars:
        return None
    ended = [_until(each, now_ms) for each in bars]
    begin, end = min(each.began_at for each in bars), max(ended)
    scale = WIDTH / max(end - begin, 1)
    by_agent: defaultdict[str | None, list[Bar]] = defaultdict(list)
    for bar in sorted(bars, key=lambda each: (each.began_at, each.step_order)):
        by_agent[bar.agent_id].append(bar)
    main = _packed(by_agent.pop(None, []), now_ms)
    others = sorted((_packed(each, now_ms) for each in by_agent.values()), key=_began)
    bases = _stacked(others, main.height)
    drawn: defaultdict[str, list[str]] = defaultdict(list)
    grounds: list[str] = []
    lanes = main.height
    for base, group in ((0, main), *zip(bases, others, strict=True)):
        lanes = max(lanes, base + group.height)
        if group is not main:
            x, width = (group.began_at - begin) * scale, (group.ended_at - group.began_at) * scale
            grounds.append(_box(x, base, width, group.height * LANE_HEIGHT, 0))
        _draw(drawn, group, base, begin, scale, now_ms)
    count = min(lanes, LANES_MAX)
    shapes = [Shape(colour, "".join(paths)) for colour, paths in drawn.items()]
    return Strip(count * LANE_HEIGHT, count, "".join(grounds), shapes)


def _draw(
    drawn: defaultdict[str, list[str]],
    group: _Lanes,
    base: int,
    begin_ms: float,
    scale: float,
    now_ms: int,
) -> None:
    last: dict[tuple[int, str], float] = {}
    for lane, bar in group.bars:
        colour = "failed" if bar.status in _FAILED else bar.trace_type
        x = (bar.began_at - begin_ms) * scale
        width = max((_until(bar, now_ms) - bar.began_at) * scale, _BAR_WIDTH_MIN)
        if x + width <= last.get((lane, colour), -1) + 1:
            continue
        last[lane, colour] = x + width
        drawn[colour].append(_box(x, base + lane, width, _BAR_HEIGHT, 1))


def _packed(bars: Iterable[Bar], now_ms: int) -> _Lanes:
    """Put each bar, in the order in which they began, into the first lane that is free."""
    free_at: list[float] = []
    placed: list[tuple[int, Bar]] = []
    for bar in bars:
        lane = _first_free(free_at, bar.began_at)
        free_at[lane : lane + 1] = [_until(bar, now_ms)]
        placed.append((lane, bar))
    began = placed[0][1].began_at if placed else 0
    return _Lanes(placed, len(free_at), began, max(free_at, default=0))


def _stacked(groups: Iterable[_Lanes], base_min: int) -> list[int]:
    """Return the first lane of each group, so that no two that overlap in time share one."""
    free_at: list[float] = []
    bases = []
    for group in groups:
        base = 0
        while base < min(len(free_at), LANES_MAX) and any(
            free > group.began_at for free in free_at[base : base + group.height]
        ):
            base += 1
        free_at[base : base + group.height] = [group.ended_at] * group.height
        bases.append(base + base_min)
    return bases


def _first_free(free_at: list[float], began_at: float) -> int:
    for lane, free in enumerate(free_at):
        if free <= began_at or lane == LANES_MAX - 1:
            return lane
    return len(free_at)


def _until(bar: Bar, now_ms: int) -> float:
    end = now_ms if bar.status == "running" else bar.ended_at
    return max(end, bar.began_at)


def _began(group: _Lanes) -> float:
    return group.began_at


def _box(x: float, lane: int, width: float, height: int, inset: int) -> str:
    y = min(lane, LANES_MAX - 1) * LANE_HEIGHT + inset
    left = min(x, WIDTH - _BAR_WIDTH_MIN)
    return f"M{left:.0f} {y}h{max(width, _BAR_WIDTH_MIN):.0f}v{height}H{left:.0f}z"
