"""Spans made of rows."""

from msgspec.structs import replace
from support.rows import AGENT, AT_EIGHT, PROMPT, START, STEP, ran

from traced.telemetry.ids import Origin, agent_span_id, root_span_id, step_span_id
from traced.telemetry.spans import (
    MS_MAX,
    NS_PER_MS,
    STATUS_ERROR,
    STATUS_UNSET,
    Place,
    Ran,
    Scene,
    agent_span,
    prompt_span,
    step_span,
)

HERE = Origin("claude-code", "s1")
SCENE = Scene(HERE, model="model-1")
OPEN = SCENE._replace(content=True)
TRACE = bytes(range(16))
PLACE = Place(TRACE, b"12345678")
AT_START = START * NS_PER_MS
SECOND = 1000 * NS_PER_MS


def test_a_prompt_is_the_root_of_its_trace() -> None:
    """It invokes the agent: who, in which conversation, with which model."""
    prompt = replace(PROMPT, prompt_id="p1", started_at=AT_EIGHT, ended_at=AT_EIGHT)

    span = prompt_span(SCENE, prompt, TRACE, Ran())

    assert (span.trace_id, span.span_id, span.parent_span_id) == (TRACE, root_span_id(TRACE), None)
    assert (span.name, span.start_ns, span.end_ns) == (
        "invoke_agent claude-code",
        AT_START,
        AT_START,
    )
    assert span.attributes == {
        "gen_ai.conversation.id": "s1",
        "traced.agent": "claude-code",
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "claude-code",
        "gen_ai.request.model": "model-1",
        "traced.prompt.number": 1,
        "traced.prompt.id": "p1",
        "traced.prompt.source": "user",
    }


def test_a_prompt_tells_what_it_used() -> None:
    """Where it is known, with the model that answered it, not the session's latest."""
    prompt = replace(
        PROMPT,
        model="model-0",
        input_tokens=100,
        output_tokens=7,
        cache_read_tokens=60,
        cache_creation_tokens=0,
    )

    told = prompt_span(SCENE, prompt, TRACE, Ran()).attributes

    assert {key: told[key] for key in told if key.startswith(("gen_ai.usage", "gen_ai.req"))} == {
        "gen_ai.request.model": "model-0",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 60,
        "gen_ai.usage.cache_creation.input_tokens": 0,
    }


def test_a_prompts_steps_stand_in_for_its_times() -> None:
    """A prompt that nobody submitted, or that still runs, lasts as long as what ran for it."""
    span = prompt_span(SCENE, PROMPT, TRACE, Ran(START, START + 1000))

    assert (span.start_ns, span.end_ns) == (AT_START, AT_START + SECOND)


def test_a_tool_call_is_an_execution() -> None:
    """With the names that both backends read; who ran it, how long, and what waited."""
    step = replace(ran(3, 0, 1.5), call_id="c1", permission_wait_ms=200.0)

    span = step_span(SCENE, step, PLACE)

    assert (span.trace_id, span.parent_span_id) == PLACE
    assert (span.span_id, span.name) == (step_span_id(HERE, step), "execute_tool Bash")
    assert span.end_ns - span.start_ns == 1.5 * SECOND
    assert (span.status, span.message) == (STATUS_UNSET, "")
    assert span.attributes == {
        "gen_ai.conversation.id": "s1",
        "traced.agent": "claude-code",
        "gen_ai.agent.name": "claude-code",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "Bash",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "c1",
        "traced.step.type": "tool",
        "traced.step.status": "ok",
        "traced.step.order": 3,
        "traced.prompt.number": 1,
        "traced.step.duration_ms": 1500.0,
        "traced.step.permission_wait_ms": 200.0,
    }


def test_an_mcp_call_names_its_method() -> None:
    """It is an execution like any other, of an extension."""
    step = replace(STEP, trace_type="mcp", name="add", source="demo")

    told = step_span(SCENE, step, PLACE).attributes

    assert told["gen_ai.operation.name"] == "execute_tool"
    assert (told["gen_ai.tool.name"], told["gen_ai.tool.type"]) == ("add", "extension")
    assert (told["mcp.method.name"], told["traced.step.source"]) == ("tools/call", "demo")


def test_a_launch_invokes_the_sub_agent() -> None:
    """Its id and name are those of whom it launched; the model is the main thread's alone."""
    step = replace(STEP, trace_type="agent", name="Explore", agent_id="a0", child_agent_id="a1")

    span = step_span(SCENE, step, PLACE)

    assert span.name == "invoke_agent Explore"
    assert span.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert span.attributes["gen_ai.agent.id"] == "a1"
    assert span.attributes["gen_ai.agent.name"] == "Explore"
    assert span.attributes["traced.agent.parent_id"] == "a0"
    assert "gen_ai.request.model" not in span.attributes


def test_a_sub_agents_step_says_whose_it_is() -> None:
    """Id and type of the sub-agent, not of the agent that launched it."""
    step = replace(STEP, agent_id="a1", agent_type="Explore", parent_agent_id="a0")

    told = step_span(SCENE, step, PLACE).attributes

    assert (told["gen_ai.agent.id"], told["gen_ai.agent.name"]) == ("a1", "Explore")
    assert told["traced.agent.parent_id"] == "a0"


def test_a_hook_or_command_is_no_tool() -> None:
    """The conventions have no operation for them; a backend is told that they are a link."""
    span = step_span(SCENE, replace(STEP, trace_type="command", name="greet"), PLACE)

    assert span.name == "greet"
    assert "gen_ai.operation.name" not in span.attributes
    assert span.attributes["openinference.span.kind"] == "CHAIN"


def test_failures_are_errors_of_a_kind() -> None:
    """What failed, was refused or was stopped; what has no known end is none."""
    found = {
        status: step_span(SCENE, replace(STEP, status=status, error="no such file"), PLACE)
        for status in ("error", "denied", "cancelled", "unknown", "running")
    }

    kinds = {status: span.attributes.get("error.type") for status, span in found.items()}
    assert kinds == {
        "error": "tool_error",
        "denied": "denied",
        "cancelled": "cancelled",
        "unknown": None,
        "running": None,
    }
    assert [span.status for span in found.values()] == [STATUS_ERROR] * 3 + [STATUS_UNSET] * 2
    assert {span.message for span in found.values()} == {""}


def test_content_is_told_only_where_asked_for() -> None:
    """Prompts, arguments, results and error texts stay at home by default."""
    step = replace(
        STEP, status="error", input='{"a":1}', input_summary="a", output_summary="b", error="c"
    )
    closed, opened = step_span(SCENE, step, PLACE), step_span(OPEN, step, PLACE)

    assert opened.attributes.items() - closed.attributes.items() == {
        ("gen_ai.tool.call.arguments", '{"a":1}'),
        ("input.value", '{"a":1}'),
        ("gen_ai.tool.call.result", "b"),
        ("output.value", "b"),
    }
    assert (closed.message, opened.message) == ("", "c")
    prompt = prompt_span(OPEN, PROMPT, TRACE, Ran()).attributes
    assert prompt["gen_ai.input.messages"] == (
        '[{"role":"user","parts":[{"type":"text","content":"Fix the test"}]}]'
    )
    assert prompt["input.value"] == "Fix the test"


def test_times_that_are_not_known_are_those_next_to_them() -> None:
    """A length gives the other end, else a span is a point."""
    only_start = replace(STEP, started_at=AT_EIGHT, duration_ms=1000.0)
    only_end = replace(STEP, ended_at=AT_EIGHT, duration_ms=1000.0)
    backwards = replace(ran(1, 3, 1), duration_ms=None)
    found = [step_span(SCENE, step, PLACE) for step in (STEP, only_start, only_end, backwards)]

    assert [(span.start_ns - AT_START, span.end_ns - AT_START) for span in found] == [
        (0, 0),
        (0, SECOND),
        (-SECOND, 0),
        (3 * SECOND, 3 * SECOND),
    ]


def test_no_time_is_beyond_what_backends_hold() -> None:
    """A client's absurd duration costs the length of its span, not the whole batch."""
    step = replace(STEP, started_at=AT_EIGHT, duration_ms=2.5e14)

    assert step_span(SCENE, step, PLACE).end_ns == MS_MAX * NS_PER_MS < 2**63


def test_a_sub_agent_without_a_call_is_a_span() -> None:
    """Its times are its own, else those of its steps."""
    agent = replace(AGENT, started_at=AT_EIGHT, parent_agent_id="a0")

    span = agent_span(SCENE, agent, PLACE, Ran(None, START + 1000))

    assert (span.span_id, span.name) == (agent_span_id(HERE, "a1"), "invoke_agent Explore")
    assert (span.start_ns, span.end_ns) == (AT_START, AT_START + SECOND)
    assert span.attributes["gen_ai.agent.id"] == "a1"
    assert span.attributes["traced.agent.parent_id"] == "a0"


def test_the_host_stands_on_every_span_where_given() -> None:
    """Some backends drop resources, where it would belong."""
    scene = SCENE._replace(host="box")

    assert step_span(scene, STEP, PLACE).attributes["host.name"] == "box"
    assert prompt_span(scene, PROMPT, TRACE, Ran()).attributes["host.name"] == "box"
