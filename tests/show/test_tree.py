from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from support.rows import AGENT, STEP, ran, second

from traced.show.tree import DEPTH_MAX, Heading, Mark, Node, Tree, grow
from traced.store.rows import Agent, Step


def agent(agent_id: str, **columns: Any) -> Agent:
    """Return a sub-agent."""
    return msgspec.structs.replace(AGENT, agent_id=agent_id, **columns)


def outline(nodes: Sequence[Node]) -> list[Any]:
    """Return a tree as nested lists of step ids: [1, [2, 3], 4] where 1 has the children 2, 3."""
    drawn: list[Any] = []
    for node in nodes:
        drawn.append(node.step.id)
        if node.children:
            drawn.append(outline(node.children))
    return drawn


def every(nodes: Sequence[Node]) -> Iterator[int]:
    """Yield the ids of all steps of a tree."""
    for node in nodes:
        yield node.step.id
        yield from every(node.children)


def marks(*steps: Step) -> list[Mark]:
    """Return the marks of steps of the main agent."""
    return [node.mark for node in grow(steps, []).nodes]


# --- who launched whom ------------------------------------------------------------------------


def test_steps_of_a_sub_agent_stand_under_its_launch() -> None:
    """A step of a sub-agent is a child of the step that launched it, on any level."""
    steps = [
        ran(1, 0, 9, child_agent_id="a"),
        ran(2, 1, 5, agent_id="a", child_agent_id="b"),
        ran(3, 2, 3, agent_id="b"),
        ran(4, 6, 7, agent_id="a"),
        ran(5, 9, 10),
    ]

    assert outline(grow(steps, []).nodes) == [1, [2, [3], 4], 5]


def test_the_sub_agents_row_can_tell_its_launch() -> None:
    """Where the step does not name its sub-agent, the sub-agent's row names the call."""
    steps = [ran(1, 0, 9, call_id="c1"), ran(2, 1, 2, agent_id="a")]
    tree = grow(steps, [agent("a", call_id="c1")])

    assert outline(tree.nodes) == [1, [2]]
    assert tree.nodes[0].launched == agent("a", call_id="c1")


def test_a_launch_knows_its_sub_agent() -> None:
    """A launching step comes with its sub-agent's row, which may still be running."""
    tree = grow([ran(1, 0, 1, child_agent_id="a")], [agent("a", status="running")])

    assert tree.nodes[0].launched == agent("a", status="running")


def test_a_resumed_sub_agents_steps_stand_under_the_later_launch() -> None:
    """What a sub-agent does after it was launched again belongs to the second launch."""
    steps = [
        ran(1, 0, 2, child_agent_id="a"),
        ran(2, 1, 2, agent_id="a"),
        ran(3, 5, 9, child_agent_id="a"),
        ran(4, 6, 7, agent_id="a"),
    ]

    assert outline(grow(steps, []).nodes) == [1, [2], 3, [4]]


def test_a_step_before_its_launch_stands_under_it() -> None:
    """Clocks may disagree: a step that seems older than the only launch is still its child."""
    steps = [ran(2, 0, 1, agent_id="a"), ran(1, 3, 4, child_agent_id="a")]

    assert outline(grow(steps, []).nodes) == [1, [2]]


def test_a_stray_sub_agent_has_a_heading() -> None:
    """Steps of a sub-agent whose launch is not known stand under a heading of its own."""
    steps = [ran(1, 0, 1), ran(2, 1, 2, agent_id="a", agent_type="Explore")]
    tree = grow(steps, [])

    assert outline(tree.nodes) == [1]
    assert tree.headings == (Heading("a", "Explore", (Node(steps[1], Mark.ALONE, None, ()),)),)


def test_a_circle_is_cut() -> None:
    """Sub-agents that launch each other, and one that launches itself, get headings."""
    steps = [
        ran(1, 0, 1, agent_id="a", child_agent_id="b"),
        ran(2, 0, 1, agent_id="b", child_agent_id="a"),
        ran(3, 0, 1, agent_id="c", child_agent_id="c"),
    ]
    tree = grow(steps, [])

    assert tree.nodes == ()
    assert [heading.agent_id for heading in tree.headings] == ["a", "b", "c"]


def test_depth_is_bounded() -> None:
    """Levels beyond what a screen can show get headings."""
    chain = [ran(0, 0, 1, child_agent_id="1")]
    chain += [
        ran(level, 0, 1, agent_id=str(level), child_agent_id=str(level + 1))
        for level in range(1, DEPTH_MAX + 3)
    ]
    tree = grow(chain, [])

    assert list(every(tree.nodes)) == list(range(DEPTH_MAX + 1))
    assert [heading.agent_id for heading in tree.headings] == [
        str(DEPTH_MAX + 1),
        str(DEPTH_MAX + 2),
    ]


NAMES = st.none() | st.sampled_from("abcd")
STEPS = st.lists(
    st.builds(
        lambda start, length, agent_id, child, call: ran(
            1, start, start + length, agent_id=agent_id, child_agent_id=child, call_id=call
        ),
        st.integers(0, 20),
        st.integers(0, 20),
        NAMES,
        NAMES,
        NAMES,
    ),
    max_size=30,
)


@given(STEPS, st.lists(st.builds(lambda name, call: agent(name, call_id=call), NAMES, NAMES)))
def test_every_step_appears_once(steps: list[Step], agents: list[Agent]) -> None:
    """Whatever the rows say, each step is in the tree exactly once."""
    numbered = [msgspec.structs.replace(step, id=number) for number, step in enumerate(steps)]
    tree: Tree = grow(numbered, agents)
    found = [*every(tree.nodes)]
    for heading in tree.headings:
        found += every(heading.children)

    assert sorted(found) == list(range(len(steps)))


# --- what ran side by side --------------------------------------------------------------------


def test_steps_one_after_the_other_stand_alone() -> None:
    """Steps that only touch, or of which one is a moment, did not run side by side."""
    assert marks(ran(1, 0, 1), ran(2, 1, 2), ran(3, 2, 2), ran(4, 2, 3)) == [Mark.ALONE] * 4


def test_overlapping_steps_are_joined() -> None:
    """Steps that overlap are marked as the first, those inside and the last of one bracket."""
    assert marks(ran(1, 0, 5), ran(2, 1, 2), ran(3, 3, 6), ran(4, 6, 7)) == [
        Mark.FIRST,
        Mark.INSIDE,
        Mark.LAST,
        Mark.ALONE,
    ]


def test_brackets_end_where_all_have_ended() -> None:
    """Two groups that do not overlap have two brackets."""
    pair = [Mark.FIRST, Mark.LAST]

    assert marks(ran(1, 0, 2), ran(2, 1, 3), ran(3, 3, 5), ran(4, 4, 5)) == pair + pair


def test_a_running_step_reaches_until_now() -> None:
    """What still runs overlaps all that began later."""
    assert marks(ran(1, 0, None), ran(2, 9, 10)) == [Mark.FIRST, Mark.LAST]


def test_an_unknown_end_reaches_nowhere() -> None:
    """A step whose end was never seen reaches as far as its duration, else not at all."""
    lost = msgspec.structs.replace(STEP, status="unknown", started_at=second(0))
    timed = msgspec.structs.replace(lost, duration_ms=3000.0)

    assert marks(lost, ran(2, 1, 2)) == [Mark.ALONE, Mark.ALONE]
    assert marks(timed, ran(2, 1, 2)) == [Mark.FIRST, Mark.LAST]


def test_a_step_without_a_start_is_a_moment() -> None:
    """A step of which only the end is known is joined with what ran at that moment."""
    refused = msgspec.structs.replace(STEP, id=2, status="denied", ended_at=second(1))

    assert marks(ran(1, 0, 2), refused) == [Mark.FIRST, Mark.LAST]
    assert marks(ran(1, 0, 1), refused) == [Mark.ALONE, Mark.ALONE]


def test_agents_have_brackets_of_their_own() -> None:
    """A sub-agent's steps are not joined with those of the agent that launched it."""
    steps = [
        ran(1, 0, 9, child_agent_id="a"),
        ran(2, 1, 3, agent_id="a"),
        ran(3, 2, 4, agent_id="a"),
    ]
    (launch,) = grow(steps, []).nodes

    assert launch.mark is Mark.ALONE
    assert [child.mark for child in launch.children] == [Mark.FIRST, Mark.LAST]
