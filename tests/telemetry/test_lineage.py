"""Under which span a step hangs."""

from msgspec.structs import replace
from support.rows import AGENT, AT_EIGHT, STEP

from traced.telemetry.ids import Origin, agent_span_id, call_span_id, root_span_id
from traced.telemetry.lineage import Lineage

HERE = Origin("claude-code", "s1")
TRACE = bytes(range(16))
ROOT = root_span_id(TRACE)
BY_A1 = replace(STEP, agent_id="a1")


def test_steps_of_the_main_thread_hang_under_the_prompt() -> None:
    """Nobody launched who runs them."""
    assert Lineage(HERE, []).parent_of_step(STEP, TRACE) == ROOT


def test_steps_of_a_sub_agent_hang_under_its_call() -> None:
    """The call need not have been read: its span's id follows from its call id."""
    lineage = Lineage(HERE, [replace(AGENT, call_id="c1")])

    assert lineage.parent_of_step(BY_A1, TRACE) == call_span_id(HERE, "c1")


def test_a_sub_agent_without_a_call_has_a_span_of_its_own() -> None:
    """As long as it is known when it began; it hangs under who launched it."""
    parent = replace(AGENT, agent_id="a0", call_id="c0")
    child = replace(AGENT, parent_agent_id="a0", started_at=AT_EIGHT)
    lineage = Lineage(HERE, [child, parent])

    assert lineage.has_own_span(child)
    assert not lineage.has_own_span(parent)
    assert lineage.parent_of_step(BY_A1, TRACE) == agent_span_id(HERE, "a1")
    assert lineage.parent_of_agent(child, TRACE) == call_span_id(HERE, "c0")


def test_of_an_unknown_sub_agent_the_next_one_above_is_the_parent() -> None:
    """A sub-agent known by its steps alone has no times, and so no span."""
    above = replace(AGENT, agent_id="a0", call_id="c0")
    lineage = Lineage(HERE, [replace(AGENT, parent_agent_id="a0"), above])

    assert not lineage.has_own_span(AGENT)
    assert lineage.parent_of_step(BY_A1, TRACE) == call_span_id(HERE, "c0")
    assert lineage.parent_of_step(replace(STEP, agent_id="a9"), TRACE) == ROOT


def test_no_parent_lies_in_another_trace() -> None:
    """A step that named another prompt than its sub-agent's hangs under its own root."""
    lineage = Lineage(HERE, [replace(AGENT, call_id="c1")])

    assert lineage.parent_of_step(replace(BY_A1, prompt_number=2), TRACE) == ROOT


def test_circles_are_cut() -> None:
    """Sub-agents that launched each other, or themselves, hang below the root."""
    ring = [
        replace(AGENT, agent_id="a1", parent_agent_id="a2", call_id="c1"),
        replace(AGENT, agent_id="a2", parent_agent_id="a1", call_id="c2"),
        replace(AGENT, agent_id="a3", parent_agent_id="a3", call_id="c3"),
    ]
    lineage = Lineage(HERE, ring)

    for agent in ring:
        step = replace(STEP, agent_id=agent.agent_id)
        assert lineage.parent_of_step(step, TRACE) == ROOT
