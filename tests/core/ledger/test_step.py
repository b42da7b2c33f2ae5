"""One step, and how the events of its call meet in it."""

from typing import Any

import pytest
from support.ledgers import batch_entry, denied, end, start

from traced.core.event import StepChange
from traced.core.ledger.step import SHIFT, StepState, merge


def met(*changes: StepChange, prompt_numbers: tuple[int, ...] = ()) -> StepState:
    """Return a step in which these have met; each would put it under its prompt number, else 1."""
    numbers = prompt_numbers or (1,) * len(changes)
    step = StepState(1, 1, 1, 1, numbers[0], "tool", "?", "running")
    for change, number in zip(changes, numbers, strict=True):
        merge(step, change, number)
    return step


@pytest.mark.parametrize("field", ["source", "input_summary", "input", "error", "agent_type"])
def test_a_start_fills_what_is_null(field: str) -> None:
    """A start that comes after its end tells what the end did not."""
    step = met(end(5), start(1, **{field: "of the start"}))

    assert getattr(step, field) == "of the start"


@pytest.mark.parametrize(
    ("field", "of_start", "of_end"),
    [
        ("source", "a", "b"),
        ("input_summary", "a", "b"),
        ("started_at", 1, 2),
        ("ended_at", 1, 2),
        ("duration_ms", 1.5, 2.5),
        ("agent_id", "a", "b"),
        ("name", "a", "b"),
    ],
)
def test_a_start_replaces_nothing(field: str, of_start: Any, of_end: Any) -> None:
    """What an end says holds, whether its start comes before it or after it."""
    ending, beginning = end(2, **{field: of_end}), start(1, **{field: of_start})

    assert getattr(met(ending, beginning), field) == of_end
    assert getattr(met(beginning, ending), field) == of_end


def test_an_end_alone_is_a_complete_row() -> None:
    """Without a start there is a step all the same, of unknown beginning."""
    step = met(end(5, name="Read", input_summary="a.py", output_summary="6 lines"))

    assert (step.name, step.status, step.started_at, step.ended_at) == ("Read", "ok", None, 5)
    assert (step.input_summary, step.output_summary) == ("a.py", "6 lines")


def test_input_is_filled_beside_a_summary_that_was_given() -> None:
    """Content and summary may come from different events: none of them takes the other away."""
    step = met(start(1, input='{"a":1}', input_summary="a=1"), end(2, input_summary="one"))

    assert (step.input, step.input_summary) == ('{"a":1}', "one")


@pytest.mark.parametrize("first", ["x", "y"])
def test_of_two_equals_the_lower_value_holds(first: str) -> None:
    """Two ends that disagree give the same row in both orders."""
    second = {"x": "y", "y": "x"}[first]

    assert met(end(1, source=first), end(1, source=second)).source == "x"


def test_of_two_equals_type_and_name_stay_together() -> None:
    """A name means something under its own type only."""
    step = met(end(1, trace_type="tool", name="mcp__a__b"), end(1, trace_type="mcp", name="z"))

    assert (step.trace_type, step.name) == ("mcp", "z")


def test_zero_is_a_value() -> None:
    """A duration of 0 and a time of 0 are told, not missing."""
    step = met(end(0, duration_ms=0.0), start(0, duration_ms=7.0))

    assert (step.started_at, step.ended_at, step.duration_ms) == (0, 0, 0.0)


BATCH_ERROR = batch_entry(3, status="error")
STATUSES = [
    ("running", [start(1)]),
    ("ok", [end(2)]),
    ("ok", [end(2, status=None)]),
    ("error", [end(2, status="error")]),
    ("cancelled", [end(2, status="cancelled")]),
    ("denied", [end(2, status="denied")]),
    ("denied", [denied(2)]),
    ("denied", [start(1), denied(2)]),
    ("ok", [batch_entry(3)]),
    ("error", [BATCH_ERROR]),
    ("denied", [start(1), batch_entry(3)]),
    ("error", [start(1), BATCH_ERROR]),
    ("error", [batch_entry(3), BATCH_ERROR]),
    ("denied", [denied(2), BATCH_ERROR]),
    ("ok", [start(1), end(2), batch_entry(3)]),
    ("ok", [end(2), BATCH_ERROR]),
    ("ok", [denied(2), end(2)]),
    ("cancelled", [end(2), end(2, status="cancelled")]),
    ("denied", [end(2, status="cancelled"), end(2, status="denied")]),
    ("error", [end(2, status="denied"), end(2, status="error")]),
]


@pytest.mark.parametrize(("status", "changes"), STATUSES)
def test_the_strongest_word_is_the_status(status: str, changes: list[StepChange]) -> None:
    """Law 4: the call's own end, then a denial, then its batch; of several ends the worst."""
    assert met(*changes).status == status
    assert met(*reversed(changes)).status == status


def test_what_runs_can_be_closed() -> None:
    """A running step that is closed is unknown."""
    step = met(start(1))

    step.close()

    assert (step.status, step.running) == ("unknown", False)


@pytest.mark.parametrize("stronger", [end(5), denied(5), batch_entry(5)])
def test_anything_stronger_replaces_unknown(stronger: StepChange) -> None:
    """How a step ended may become known at any time later."""
    step = met(start(1))
    step.close()

    merge(step, stronger, 1)

    assert step.status == met(start(1), stronger).status


def test_another_start_does_not_open_what_was_closed() -> None:
    """Running is weaker than unknown."""
    step = met(start(1))
    step.close()

    merge(step, start(2), 1)

    assert step.status == "unknown"


@pytest.mark.parametrize("change", [end(2), denied(2), batch_entry(2)])
def test_what_has_ended_cannot_be_closed(change: StepChange) -> None:
    """Unknown is weaker than whatever ends a call."""
    step = met(change)
    status = step.status

    step.close()

    assert step.status == status


def test_a_prompt_named_by_the_start_holds() -> None:
    """Where a call belongs was true when it began, not when its batch was told."""
    changes = (batch_entry(9, prompt_id="p3"), end(5, prompt_id="p2"), start(1, prompt_id="p1"))

    assert met(*changes, prompt_numbers=(3, 2, 1)).prompt_number == 1
    assert met(*reversed(changes), prompt_numbers=(1, 2, 3)).prompt_number == 1


def test_a_prompt_that_nobody_named_gives_way() -> None:
    """A prompt that an id tells beats the one that was current."""
    changes = (start(1), end(5, prompt_id="p1"))

    assert met(*changes, prompt_numbers=(2, 1)).prompt_number == 1
    assert met(*reversed(changes), prompt_numbers=(1, 2)).prompt_number == 1


def test_without_ids_the_earlier_prompt_holds() -> None:
    """A start that comes late, when the next prompt is current, does not take its step there."""
    assert met(end(5), start(1), prompt_numbers=(1, 2)).prompt_number == 1


def test_an_explicit_prompt_holds_against_ids() -> None:
    """A number that an event names is a number, 0 included."""
    changes = (start(1, prompt_id="p4"), end(5, prompt_number=0))

    assert met(*changes, prompt_numbers=(4, 0)).prompt_number == 0
    assert met(*reversed(changes), prompt_numbers=(0, 4)).prompt_number == 0
    assert met(*changes, prompt_numbers=(4, 0)).prompt_is_explicit


def test_of_two_explicit_prompts_that_of_the_end_holds() -> None:
    """A start replaces nothing, a prompt number neither."""
    changes = (start(1, prompt_number=1), end(5, prompt_number=2))

    assert met(*changes, prompt_numbers=(1, 2)).prompt_number == 2
    assert met(*reversed(changes), prompt_numbers=(2, 1)).prompt_number == 2


def test_an_end_leaves_nothing_to_its_batch() -> None:
    """What the model was given for a failed call only repeats its error: that is no output."""
    changes = (end(2, status="error", error="Exit code 3"), batch_entry(3, output_summary="Exit"))

    assert met(*changes).output_summary is None
    assert met(*reversed(changes)).output_summary is None


def test_a_batch_alone_tells_the_result() -> None:
    """A call whose end was not told has its result from the batch."""
    assert met(start(1), batch_entry(3, output_summary="refused")).output_summary == "refused"


def test_content_that_was_not_loaded_stays() -> None:
    """A tie with content that the store left in the database is no reason to drop it."""
    step = met(end(2, output='"a"'))
    step.output = None
    ranks = step.ranks

    merge(step, end(2, output='"b"'), 1)

    assert (step.output, step.ranks) == (None, ranks)


def test_the_key_of_a_start_is_kept_after_the_end() -> None:
    """A permission request may come after the end of its call."""
    assert met(end(5), start(1, match_key=7)).match_key == 7
    assert met(start(1, match_key=7), end(5)).match_key == 7


def test_ranks_fit_into_a_column() -> None:
    """SQLite holds 63 bits: three for the status, two flags, three for each field."""
    assert max(SHIFT.values()) + 3 <= 63


@pytest.mark.parametrize(("field", "bit"), [("input", 23), ("output", 26), ("prompt", 32)])
def test_ranks_stand_where_sql_looks(field: str, bit: int) -> None:
    """Statements that move steps or keep content know these places."""
    assert SHIFT[field] == bit
