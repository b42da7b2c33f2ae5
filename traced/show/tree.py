"""
From a flat list of steps to a tree: who launched whom, and what ran side by side.

Law: every step appears exactly once, whatever the rows say; a sub-agent whose launch is unknown,
too deep to show or a cycle gets a heading of its own.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from traced.show.times import epoch_ms
from traced.store.rows import Agent, Step

# Each level takes two columns, and 60 columns have to hold a step's name beside them.
DEPTH_MAX: Final = 8


class Mark(Enum):
    """Where a step stands among neighbours of the same agent that overlap it in time."""

    ALONE = auto()
    FIRST = auto()
    INSIDE = auto()
    LAST = auto()


@dataclass(frozen=True, slots=True)
class Node:
    """A step, the sub-agent that it launched where that is known, and what that one did."""

    step: Step
    mark: Mark
    launched: Agent | None
    children: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A sub-agent whose launching step is not shown, and what it did."""

    agent_id: str
    agent_type: str | None
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """The steps of one prompt: those of the main agent, then sub-agents out of place."""

    nodes: tuple[Node, ...]
    headings: tuple[Heading, ...]


def grow(steps: Sequence[Step], agents: Iterable[Agent]) -> Tree:
    """Return the tree of a prompt's steps, which come in the order in which they ran."""
    by_id = {agent.agent_id: agent for agent in agents}
    launches = _launches(steps, by_id.values())
    parents = _without_cycles(_parents(steps, launches))
    children: defaultdict[int, list[Step]] = defaultdict(list)
    roots: list[Step] = []
    strays: defaultdict[str, list[Step]] = defaultdict(list)
    for step in steps:
        if step.id in parents:
            children[parents[step.id]].append(step)
        elif step.agent_id is None:
            roots.append(step)
        else:
            strays[step.agent_id].append(step)

    def nodes(siblings: list[Step]) -> tuple[Node, ...]:
        return tuple(
            Node(step, mark, by_id.get(launches.get(step.id, "")), nodes(children[step.id]))
            for step, mark in zip(siblings, _marks(siblings), strict=True)
        )

    headings = tuple(
        Heading(agent_id, stray[0].agent_type, nodes(stray)) for agent_id, stray in strays.items()
    )
    return Tree(nodes(roots), headings)


def _launches(steps: Iterable[Step], agents: Iterable[Agent]) -> dict[int, str]:
    """Return the sub-agent that each step launched, by the step's id; either side may know it."""
    by_call = {agent.call_id: agent.agent_id for agent in agents if agent.call_id is not None}
    found = {step.id: step.child_agent_id or by_call.get(step.call_id or "") for step in steps}
    return {step_id: agent_id for step_id, agent_id in found.items() if agent_id is not None}


def _parents(steps: Sequence[Step], launches: dict[int, str]) -> dict[int, int]:
    """Return the launching step of each step of a sub-agent, by id, where it is known."""
    launchers: defaultdict[str, list[Step]] = defaultdict(list)
    for step in steps:
        if step.id in launches:
            launchers[launches[step.id]].append(step)
    return {
        step.id: _launcher(step, launchers[step.agent_id]).id
        for step in steps
        if step.agent_id is not None and step.agent_id in launchers
    }


def _launcher(step: Step, launchers: list[Step]) -> Step:
    # A sub-agent can be resumed: a later call launches it again, and what follows belongs there.
    started = _ran(step)[0]
    before = [launcher for launcher in launchers if _ran(launcher)[0] <= started]
    return before[-1] if before else launchers[0]


def _without_cycles(parents: dict[int, int]) -> dict[int, int]:
    """Return the parents of steps from which at most DEPTH_MAX levels lead up to the top."""
    kept: dict[int, int] = {}
    for step, parent in parents.items():
        above: int | None = parent
        for _ in range(DEPTH_MAX):
            above = parents.get(above) if above is not None else None
        if above is None:
            kept[step] = parent
    return kept


def _marks(siblings: Sequence[Step]) -> list[Mark]:
    """Return each step's mark; a run of steps is joined as long as the next begins within it."""
    marks: list[Mark] = []
    reach = -math.inf
    for step in siblings:
        start, end = _ran(step)
        if start < reach:
            marks[-1] = Mark.FIRST if marks[-1] is Mark.ALONE else Mark.INSIDE
            marks.append(Mark.LAST)
        else:
            marks.append(Mark.ALONE)
            reach = -math.inf
        reach = max(reach, end)
    return marks


def _ran(step: Step) -> tuple[float, float]:
    """Return when a step ran, in Unix milliseconds; a point where only one time is known."""
    end = epoch_ms(step.ended_at)
    start = epoch_ms(step.started_at)
    if start is None:
        moment = step.created_at_epoch if end is None else end
        return moment, moment
    if step.status == "running":
        return start, math.inf
    if end is None:
        return start, start + (step.duration_ms or 0)
    return start, end
