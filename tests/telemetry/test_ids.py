"""Ids that follow from the data."""

from msgspec.structs import replace
from support.rows import PROMPT, STEP

from traced.telemetry.ids import (
    Origin,
    agent_span_id,
    call_span_id,
    root_span_id,
    step_span_id,
    trace_id,
)

HERE = Origin("claude-code", "s1")
CALL = replace(STEP, call_id="toolu_1")


def test_ids_have_the_lengths_of_otlp() -> None:
    """16 bytes a trace, 8 a span: receivers refuse others, or lose them silently."""
    trace = trace_id(HERE, PROMPT)

    assert len(trace) == 16
    assert len(root_span_id(trace)) == len(step_span_id(HERE, STEP)) == 8
    assert len(call_span_id(HERE, "c")) == len(agent_span_id(HERE, "a")) == 8


def test_an_id_is_the_same_in_every_release() -> None:
    """What was sent last year is known again: these are BLAKE2b of the parts as JSON."""
    prompt = replace(PROMPT, prompt_id="p1")

    assert trace_id(HERE, prompt).hex() == "bf4aee342e82afe0c263fab17d926c44"
    assert call_span_id(HERE, "toolu_1").hex() == "046d61ca3686fac7"


def test_a_prompt_with_an_id_is_known_whatever_its_number() -> None:
    """Numbers start anew after a removal, and an import may find another order."""
    one, other = (
        replace(PROMPT, prompt_id="p1", prompt_number=number, started_at=started)
        for number, started in ((1, None), (7, "2027-01-15T08:00:00.000Z"))
    )

    assert trace_id(HERE, one) == trace_id(HERE, other)


def test_prompts_without_ids_are_told_apart_by_number_and_time() -> None:
    """The first prompt of a session that starts anew is another one."""
    prompts = [
        PROMPT,
        replace(PROMPT, prompt_number=2),
        replace(PROMPT, started_at="2027-01-15T08:00:00.000Z"),
        replace(PROMPT, prompt_id="1"),
    ]

    assert len({trace_id(HERE, prompt) for prompt in prompts}) == 4


def test_a_call_is_known_whatever_its_order_and_place() -> None:
    """Neither order nor prompt nor revision takes part where the agent gave an id."""
    moved = replace(CALL, id=9, step_order=9, prompt_number=3, revision=30, event_id="e9")

    assert step_span_id(HERE, moved) == step_span_id(HERE, CALL) == call_span_id(HERE, "toolu_1")


def test_steps_without_ids_are_told_apart() -> None:
    """By their event's id, else by their row and when it was made."""
    steps = [
        STEP,
        CALL,
        replace(STEP, event_id="toolu_1"),
        replace(STEP, id=2),
        replace(STEP, created_at_epoch=1),
    ]

    assert len({step_span_id(HERE, step) for step in steps}) == 5


def test_sessions_share_no_span() -> None:
    """A backend that keys spans by their id alone loses the second of two."""
    origins = [
        HERE,
        Origin("codex", "s1"),
        Origin("claude-code", "s2"),
        Origin("claude-code", "s1", 1000),
    ]

    assert len({call_span_id(origin, "toolu_1") for origin in origins}) == 4
    assert len({trace_id(origin, PROMPT) for origin in origins}) == 4
