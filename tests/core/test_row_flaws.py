"""Why an object is no row of an export."""

from typing import get_args

import msgspec
import pytest

from traced.core.exported import Exported, ExportedRow
from traced.core.row_flaws import expected_in, wrong_column

STEP = {
    "kind": "step", "agent": "custom", "session_id": "s1", "used_at": 1, "prompt_number": 0,
    "step_order": 1, "trace_type": "tool", "name": "Bash", "status": "ok", "created_at": 1,
}  # fmt: skip


@pytest.mark.parametrize("kind", get_args(Exported))
def test_every_column_has_its_expectation(kind: type[ExportedRow]) -> None:
    """So that no refusal is without one."""
    for field in msgspec.structs.fields(kind):
        assert expected_in(kind, field.encode_name)


@pytest.mark.parametrize(
    ("said", "column", "expected"),
    [
        ({"status": "done"}, "status", "running or ok or error or denied or cancelled or unknown"),
        ({"started_at": "x"}, "started_at", "Unix milliseconds from 0 to 253402300799999"),
        ({"name": None}, "name", "a string of up to 8192 characters"),
        ({"duration_ms": -1}, "duration_ms", "a number of milliseconds, 0 or more"),
        ({"session_id": "a\nb"}, "session_id",
         "a string of 1 to 256 characters without control characters"),
        ({"kind": "rejected"}, "kind", "session or agent or prompt or step"),
        ({"kind": []}, "kind", "session or agent or prompt or step"),
    ],
)  # fmt: skip
def test_the_first_wrong_column_is_named(
    said: dict[str, object], column: str, expected: str
) -> None:
    """With what it may be."""
    assert wrong_column({**STEP, **said}) == (column, expected)


def test_a_row_that_is_well_has_none() -> None:
    """Nor has one with a column that nobody knows."""
    assert wrong_column({**STEP, "later": 1}) is None
