"""What an answer holds of a row, and how much of it."""

import msgspec
from support.rows import STEP

from traced.recall.answers import ToldStep, fitting, told


def test_what_is_null_is_left_out() -> None:
    """An agent reads what is known of a step, and no word more."""
    step = msgspec.structs.replace(STEP, duration_ms=0.0, call_id="c1")

    assert msgspec.json.decode(msgspec.json.encode(told(ToldStep, step))) == {
        "agent": "claude-code",
        "session_id": "s1",
        "prompt_number": 1,
        "step_order": 1,
        "trace_type": "tool",
        "name": "Bash",
        "status": "ok",
        "duration_ms": 0.0,
    }


def test_texts_are_cut() -> None:
    """No text is longer than 500 characters, wherever it came from."""
    step = msgspec.structs.replace(STEP, source="x" * 4096)

    assert told(ToldStep, step).source == "x" * 499 + "…"


def test_as_many_as_fit() -> None:
    """An answer has room for so many characters; the first has room always."""
    step = told(ToldStep, STEP)
    length = len(msgspec.json.encode(step)) + 1

    assert len(fitting([step] * 5, 3 * length)) == 3
    assert len(fitting([step] * 5, 3 * length - 1)) == 2
    assert len(fitting([step] * 5, 0)) == 1
    assert fitting([], 100) == []
