"""Whatever rows a database holds, what is shown of them comes back."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.exporting import Line, Recorded, columns, ended
from support.rows import START, Recording
from support.store import dump

from traced.store.migrate import APPLICATION_ID

HUGE = 10**30
TIMES = st.none() | st.integers(START, START + 10_000)
DURATIONS = st.none() | st.sampled_from([0.0, 0.1, 12.345, 3000.0, 9999.999]) | st.floats(0, 1e4)
# How strong what ended a step was, as far as the view looks at it: traced/core/ledger/step.py.
ENDS = [
    *[("running", 1), ("unknown", 2), ("unknown", 0), ("ok", 3), ("denied", 3), ("ok", 4)],
    *[("error", 4), ("denied", 4), ("denied", 5), *((end, 6) for end in ("ok", "error", "denied"))],
    ("cancelled", 6),
]
TEXTS = st.none() | st.sampled_from(["", "a", "é\u2028\x1b[1m", "x" * 500])
CONTENT = st.none() | st.sampled_from(["{}", '"\\u0001"', f"[{HUGE},0.1,null]", '{"":"😀"}'])
STEPS = st.fixed_dictionaries({
    "end": st.sampled_from(ENDS),
    "prompt_number": st.integers(0, 3),
    "trace_type": st.sampled_from(["tool", "skill", "mcp", "agent", "hook", "command"]),
    "input_summary": TEXTS.filter(lambda text: text != ""),
    "output_summary": TEXTS.filter(lambda text: text != ""),
    "error": TEXTS.filter(lambda text: text != ""),
    "source": TEXTS,
    "input": CONTENT,
    "output": CONTENT,
    "started_at": TIMES,
    "ended_at": TIMES,
    "permission_at": TIMES,
    "duration_ms": DURATIONS,
    "has_call": st.booleans(),
    "agent_id": st.sampled_from([None, "a1", "a2"]),
    "agent_type": st.sampled_from([None, "Explore"]),
    "parent_agent_id": st.sampled_from([None, "a1"]),
    "has_event": st.booleans(),
    "created_at": st.integers(START, START + 3),
})  # fmt: skip
PROMPTS = st.fixed_dictionaries({
    "prompt_id": st.sampled_from([None, "p"]),
    "source": st.sampled_from(["user", "agent"]),
    "started_at": TIMES,
    "ended_at": TIMES,
    "summary": TEXTS.filter(lambda text: text != ""),
    "model": TEXTS,
    "input_tokens": st.sampled_from([None, 0, 5]),
})  # fmt: skip
SUB_AGENTS = st.fixed_dictionaries({
    "agent_type": st.sampled_from([None, "Plan"]),
    "parent_agent_id": st.sampled_from([None, "a2"]),
    "call_id": st.sampled_from([None, "c1"]),
    "prompt_number": st.sampled_from([None, 0, 1, 2]),
    "started_at": TIMES,
    "ended_at": TIMES,
    "status": st.sampled_from(["running", "ok", "unknown"]),
})  # fmt: skip


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    session=st.fixed_dictionaries({
        "cwd": TEXTS, "model": TEXTS, "started_at": TIMES, "ended_at": TIMES, "end_reason": TEXTS
    }),
    prompts=st.lists(PROMPTS, max_size=3),
    sub_agents=st.lists(SUB_AGENTS, max_size=2),
    steps=st.lists(STEPS, max_size=6),
)  # fmt: skip
def test_whatever_is_shown_of_rows_is_shown_of_them_elsewhere(
    tmp_path_factory: pytest.TempPathFactory,
    session: Line,
    prompts: list[Line],
    sub_agents: list[Line],
    steps: list[Line],
) -> None:
    """Waits, durations and results too, which the views make of several columns."""
    folder = tmp_path_factory.mktemp("rows")
    source = Recording(folder / "source.db")
    source.connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    _fill(source, session, prompts, sub_agents, steps)
    source.connection.close()
    origin, other = Recorded(folder / "source.db"), Recorded(folder / "other.db")
    try:
        exported = origin.export()
        before = dump(origin.connection)
        assert {outcome.status for outcome in other.import_(exported)} == {"stored"}
        assert columns(other.export()) == ended(columns(exported))
        assert {outcome.status for outcome in other.import_(exported)} == {"duplicate"}
        assert {outcome.status for outcome in origin.import_(exported)} == {"duplicate"}
        assert dump(origin.connection) == before
    finally:
        origin.close()
        other.close()


def _fill(
    source: Recording, session: Line, prompts: list[Line], sub_agents: list[Line], steps: list[Line]
) -> None:
    tokens = [row["input_tokens"] for row in prompts if row["input_tokens"] is not None]
    pk = source.session(
        **session,
        steps=len(steps),
        errors=sum(step["end"][0] == "error" for step in steps),
        input_tokens=sum(tokens) if tokens else None,
    )
    for number, row in enumerate(prompts, 1):
        prompt_id = row["prompt_id"] and f"{row['prompt_id']}{number}"
        source.prompt(pk, number, **{**row, "prompt_id": prompt_id})
    for number, row in enumerate(sub_agents, 1):
        source.agent(pk, f"a{number}", **row)
    for number, row in enumerate(steps, 1):
        columns: dict[str, Any] = dict(row)
        status, ranks = columns.pop("end")
        call_id = f"c{number}" if columns.pop("has_call") else None
        columns["event_id"] = f"e{number}" if columns.pop("has_event") else None
        source.step(pk, number * 2, status=status, ranks=ranks, call_id=call_id, **columns)
