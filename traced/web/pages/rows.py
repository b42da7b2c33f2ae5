"""
The steps of a prompt as the rows of a list: sub-agents below their call, bars on one time axis.

Law: pure; every step is one row, wherever it stands, and nothing of it is escaped yet.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from traced.show.times import epoch_ms
from traced.show.tree import Heading, Mark, Node, grow
from traced.store.rows import Agent, Step
from traced.web.pages.axis import Axis, Place

# Less than a person needs to answer: an agent that asked and went on by itself.
WAIT_MS_MIN: Final = 100
# What a sub-agent may outlive its call by without a remark: their two end hooks take that long.
OUTLIVED_MS_MIN: Final = 1000
_MARKS: Final = {Mark.ALONE: "", Mark.FIRST: "first", Mark.INSIDE: "inside", Mark.LAST: "last"}


class Row(NamedTuple):
    """
    A step in the list; `parallel` is its place among those that ran at the same time.

    `wait` is the part of its bar in which it waited for a permission; `since_ms` is set while it
    runs; `outlived_ms` tells by how much its sub-agent outlived it, `launched` whether it still
    runs.
    """

    step: Step
    depth: int
    parallel: str
    bar: Place | None
    wait: Place | None
    since_ms: int | None
    outlived_ms: int | None
    launched: Agent | None


class HeadingRow(NamedTuple):
    """A sub-agent whose call is not among the rows."""

    heading: Heading


def rows(
    steps: Sequence[Step], agents: Iterable[Agent], axis: Axis, now_ms: int
) -> list[Row | HeadingRow]:
    """Return the rows of steps, which come in the order in which they ran."""
    tree = grow(steps, agents)
    found: list[Row | HeadingRow] = [
        row for node in tree.nodes for row in _rows_of(node, 0, axis, now_ms)
    ]
    for heading in tree.headings:
        found.append(HeadingRow(heading))
        found += [row for node in heading.children for row in _rows_of(node, 1, axis, now_ms)]
    return found


def _rows_of(node: Node, depth: int, axis: Axis, now_ms: int) -> Iterator[Row]:
    step = node.step
    begin, end = epoch_ms(step.started_at), epoch_ms(step.ended_at)
    since_ms = begin if step.status == "running" else None
    if since_ms is not None:
        end = now_ms
    begin = end if begin is None else begin
    if end is None and begin is not None:
        end = begin + round(step.duration_ms or 0)
    bar = wait = None
    if begin is not None and end is not None:
        bar = axis.place(begin, end)
        waited_ms = step.permission_wait_ms or 0
        wait = axis.place(begin, begin + waited_ms) if waited_ms >= WAIT_MS_MIN else None
    outlived_ms = _outlived_ms(node.launched, step)
    yield Row(step, depth, _MARKS[node.mark], bar, wait, since_ms, outlived_ms, node.launched)
    for child in node.children:
        yield from _rows_of(child, depth + 1, axis, now_ms)


def _outlived_ms(launched: Agent | None, step: Step) -> int | None:
    if launched is None:
        return None
    ended_ms, call_ended_ms = epoch_ms(launched.ended_at), epoch_ms(step.ended_at)
    if ended_ms is None or call_ended_ms is None or ended_ms - call_ended_ms < OUTLIVED_MS_MIN:
        return None
    return ended_ms - call_ended_ms
