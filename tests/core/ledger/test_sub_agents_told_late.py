"""Sub-agents whose session ended before much of them was told."""

import pytest
from support.ledgers import Told, agent_start, end, every_order, record, session_end, start

ENDED: Told = (30, session_end())


def launch(at: int) -> Told:
    """The end of the call that launched the sub-agent."""
    return at, end(at, "m", child_agent_id="a1")


def test_one_that_a_late_link_names_is_closed() -> None:
    """A sub-agent of which only its launching call tells does not run in an ended session."""
    assert record((ENDED, launch(20))).sub_agent("a1").status == "unknown"


def test_one_that_a_link_names_since_the_end_runs() -> None:
    """A session that goes on launches new ones; what else is told of the call says nothing."""
    ledger = record((ENDED, launch(40), (20, start(20, "m"))))

    assert ledger.sub_agent("a1").status == "running"


@pytest.mark.parametrize(
    "told", every_order((40, end(40, agent_id="a1")), ENDED, (35, agent_start("a1")))
)
def test_one_that_began_after_an_end_runs_whatever_is_told_first(told: tuple[Told, ...]) -> None:
    """An end that is told late closes one of unknown start only until its start is told."""
    assert record(told).sub_agent("a1").status == "running"
