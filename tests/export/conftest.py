"""Rows as the store gives them to an export."""

import pytest
from msgspec.structs import replace
from support.rows import AGENT, AT_EIGHT, PROMPT, START, entry, ran

from traced.store.exporting import PromptEntry, Row, SessionRows


@pytest.fixture
def rows() -> list[Row]:
    """Two parallel calls, one of which launched a sub-agent that ran one; and an empty session."""
    launch = replace(
        ran(2, 1.0, 4.0), trace_type="agent", name="Explore", call_id="c2", child_agent_id="a1"
    )
    inner = replace(
        ran(3, 2.0, 3.0), trace_type="mcp", name="add", source="demo", agent_id="a1",
        agent_type="Explore", status="error", error="no", input_summary="=1+1",
    )  # fmt: skip
    return [
        SessionRows(entry(cwd="/home/dev"), [replace(AGENT, call_id="c2")]),
        PromptEntry(
            replace(PROMPT, prompt_id="p1", started_at=AT_EIGHT), True, START, START + 4000
        ),
        replace(ran(1, 0.0, 2.0), call_id="c1"),
        launch,
        inner,
        PromptEntry(replace(PROMPT, prompt_number=2, summary=None), False, None, None),
        SessionRows(entry(session_id="s2"), []),
    ]
