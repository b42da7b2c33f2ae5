"""A file of OpenTelemetry traces."""

import json

from msgspec.structs import replace
from support.rows import AGENT, AT_EIGHT, PROMPT, START, entry, ran

from traced.export import otlp
from traced.store.exporting import PromptEntry, Row, SessionRows
from traced.telemetry.ids import Origin, agent_span_id, call_span_id, root_span_id, trace_id

HERE = Origin("claude-code", "s1")


def test_calls_hang_under_their_prompt_and_sub_agents_under_their_call(rows: list[Row]) -> None:
    """One trace a prompt, whose root comes first."""
    first, call, launch, inner, second = otlp.spans(rows, content=False)

    trace = trace_id(HERE, replace(PROMPT, prompt_id="p1"))
    assert {span.trace_id for span in (first, call, launch, inner)} == {trace}
    assert (first.parent_span_id, first.name) == (None, "invoke_agent claude-code")
    assert call.parent_span_id == launch.parent_span_id == root_span_id(trace)
    assert inner.parent_span_id == call_span_id(HERE, "c2") == launch.span_id
    assert second.trace_id != trace
    assert second.parent_span_id is None


def test_a_sub_agent_of_unknown_call_is_a_span_between() -> None:
    """It hangs under the prompt, and its steps under it."""
    agent = replace(AGENT, started_at=AT_EIGHT)
    step = replace(ran(1, 0, 1), agent_id="a1")

    root, between, inner = otlp.spans(
        [SessionRows(entry(), [agent]), PromptEntry(PROMPT, True, START, START), step],
        content=False,
    )

    assert between.span_id == agent_span_id(HERE, "a1")
    assert between.parent_span_id == root.span_id
    assert inner.parent_span_id == between.span_id


def test_sessions_do_not_mix() -> None:
    """A sub-agent of one is none of the next, though the ids are the same."""
    agent = replace(AGENT, call_id="c1")
    step = replace(ran(1, 0, 1), agent_id="a1")
    prompt = PromptEntry(PROMPT, True, None, None)
    rows: list[Row] = [SessionRows(entry(), [agent]), SessionRows(entry(session_id="s2"), [])]

    root, inner = otlp.spans([*rows, prompt, step], content=False)

    assert inner.parent_span_id == root.span_id


def test_content_stays_at_home_unless_asked_for(rows: list[Row]) -> None:
    """Neither the prompt nor an argument nor an error's text is in the file."""
    closed, opened = (
        b"".join(otlp.lines(rows, {}, "1.0", content=content)) for content in (False, True)
    )

    for text in (b"Fix the test", b"=1+1", b'"message":"no"'):
        assert text not in closed
        assert text in opened


def test_long_files_have_many_lines(rows: list[Row]) -> None:
    """Each is a document of its own, which collectors read by itself."""
    steps = [replace(ran(1, 0, 1), call_id=f"c{number}") for number in range(1200)]

    lines = list(otlp.lines([*rows[:2], *steps], {"service.name": "x"}, "1.0", content=False))

    parts = [json.loads(line)["resourceSpans"][0] for line in lines]
    assert [len(part["scopeSpans"][0]["spans"]) for part in parts] == [500, 500, 201]
    assert all(part["resource"]["attributes"] for part in parts)


def test_nothing_is_an_empty_file() -> None:
    """No document says that there is none."""
    assert list(otlp.lines([], {}, "1.0", content=False)) == []
