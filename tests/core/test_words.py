"""The closed lists of words."""

from typing import get_args

from traced.core.words import AgentStatus, EndStatus, StepStatus


def test_a_step_has_every_end_and_two_states_without_one() -> None:
    """A sub-agent that ended is ok, for nobody tells more of it."""
    assert {*get_args(StepStatus)} - {*get_args(EndStatus)} == {"running", "unknown"}
    assert {*get_args(AgentStatus)} - {*get_args(EndStatus)} == {"running", "unknown"}
