"""What an event means, in words that no agent owns."""

from traced.core.event import Event, Phase, StepChange


def test_phases_are_in_the_order_of_their_strength() -> None:
    """A call's own end is the strongest word about it, its start the weakest."""
    assert sorted(Phase) == [Phase.START, Phase.BATCH, Phase.DENIED, Phase.END]


def test_a_change_says_nothing_by_default() -> None:
    """What is not told is null, so that it fills nothing and replaces nothing."""
    change = StepChange(Phase.START, "tool", "Bash")

    said = {field: getattr(change, field) for field in change.__struct_fields__}
    assert {field for field, value in said.items() if value is not None} == {
        "phase",
        "trace_type",
        "name",
    }


def test_an_event_has_no_id_by_default() -> None:
    """Two identical events without an id are both genuine."""
    assert Event("claude-code", "s1", 1, ()).event_id is None
