"""The row of a step of which one event is known."""

from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from traced.core.event import EndStatus, Event, Phase, StepChange
from traced.core.ledger.first import first_row
from traced.core.ledger.step import StepState, merge

STATUS_MASK = 0b111
TEXT = st.none() | st.sampled_from(["", "a", "b"])
TIME = st.none() | st.integers(0, 10)


@st.composite
def changes(draw: st.DrawFn) -> StepChange:
    """Any change of a step, with any of its fields told or not."""
    told: dict[str, Any] = {
        name: draw(TEXT)
        for name in (
            "call_id", "source", "agent_id", "agent_type", "parent_agent_id", "child_agent_id",
            "prompt_id", "input_summary", "output_summary", "error", "input", "output",
        )
    }  # fmt: skip
    phase = draw(st.sampled_from(Phase))
    status: EndStatus | None = draw(st.none() | st.sampled_from(get_args(EndStatus)))
    if phase in {Phase.START, Phase.DENIED}:
        status = None
    return StepChange(
        phase,
        "mcp",
        "a name",
        status=status,
        prompt_number=draw(TIME),
        started_at=draw(TIME),
        ended_at=draw(TIME),
        duration_ms=draw(st.none() | st.floats(0, 10)),
        match_key=draw(TIME),
        **told,
    )


@given(changes())
def test_it_is_the_row_that_merging_into_an_empty_step_makes(change: StepChange) -> None:
    """
    The shortcut and the long way agree on every column, for any event whatever.

    Only who said what is not remembered of a step without a call: nothing else will tell of it.
    """
    event = Event("an-agent", "a session", 7, (change,), event_id="e", peer_uid=3)
    long_way = StepState(
        5, 5, 2, 9, 4, change.trace_type, change.name, "running",
        call_id=change.call_id, event_id="e", peer_uid=3, created_at=8,
    )  # fmt: skip
    merge(long_way, change, 4)

    row = first_row(event, change, step_id=5, session_pk=2, step_order=9, prompt_number=4, now=8)

    assert row.prompt_is_explicit == long_way.prompt_is_explicit
    if change.call_id is None:
        assert row.ranks & STATUS_MASK == long_way.ranks & STATUS_MASK
        row.ranks = long_way.ranks
    assert row == long_way
