"""What OpenCode tells its plugins: hooks around a call, and the part that shows it."""

from typing import Any

import pytest
from support.adapters import AT, read, read_step

from traced.agents import opencode
from traced.core.errors import Malformed
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
)

AGENT = "opencode"
PART = "message.part.updated"
ARGS = {"command": "npm test"}
INPUT: dict[str, Any] = {"tool": "bash", "sessionID": "s", "callID": "call_1"}
BEFORE = {"hook": "tool.execute.before", "input": INPUT, "output": {"args": ARGS}}
AFTER = {"hook": "tool.execute.after", "input": INPUT | {"args": ARGS}, "output": {"output": "ok"}}


def bus(kind: str, **properties: Any) -> dict[str, Any]:
    """What the bus tells of."""
    return {"hook": "event", "input": {"event": {"type": kind, "properties": properties}}}


def part(status: str, **state: Any) -> dict[str, Any]:
    """The part of a message that shows a call."""
    shown = {"status": status, "input": ARGS, **state}
    return bus(PART, part={"type": "tool", "callID": "call_1", "tool": "bash", "state": shown})


def test_a_call_is_told_by_the_hooks_around_it() -> None:
    """Both have its id."""
    start = read_step(AGENT, "tool.execute.before", BEFORE)
    end = read_step(AGENT, "tool.execute.after", AFTER)

    assert (start.phase, start.call_id, start.started_at) == (Phase.START, "call_1", AT)
    assert (start.name, start.input_summary) == ("bash", "npm test")
    assert (end.phase, end.call_id, end.ended_at) == (Phase.END, "call_1", AT)
    assert (end.status, end.output_summary) == ("ok", "ok")


def test_the_part_that_shows_a_call_has_its_times() -> None:
    """Running, it began; completed, it ended well; in error it says why."""
    times = {"start": AT - 100, "end": AT - 50}
    running = read_step(AGENT, PART, part("running", time={"start": AT - 100}))
    completed = read_step(AGENT, PART, part("completed", output="ok", time=times))
    failed = read_step(AGENT, PART, part("error", error="no", time=times))

    assert (running.phase, running.started_at) == (Phase.START, AT - 100)
    assert (completed.phase, completed.started_at, completed.ended_at) == (
        *(Phase.END, AT - 100),
        AT - 50,
    )
    assert (completed.status, completed.output_summary) == ("ok", "ok")
    assert (failed.phase, failed.status, failed.error) == (Phase.END, "error", "no")


@pytest.mark.parametrize("time", [None, {}, {"start": "x"}, {"start": -1}, {"start": AT + 1}])
def test_a_time_that_cannot_be_is_that_of_the_event(time: object) -> None:
    """Nothing began after it was told."""
    assert read_step(AGENT, PART, part("running", time=time)).started_at == AT


@pytest.mark.parametrize(
    "payload",
    [
        part("pending"),
        part("of tomorrow"),
        bus(PART, part={"type": "text", "text": "Done."}),
        bus(PART),
    ],
)
def test_other_parts_keep_nothing(payload: dict[str, Any]) -> None:
    """What is pending has not begun."""
    assert read(AGENT, PART, payload) == ()


@pytest.mark.parametrize(
    ("tool", "args", "what"),
    [
        ("task", {"subagent_type": "explore"}, ("agent", "explore")),
        ("skill", {"name": "greet"}, ("skill", "greet")),
        ("demo_add", {"a": 2}, ("tool", "demo_add")),
    ],
)
def test_its_tools_are_told_by_their_kind(tool: str, args: object, what: tuple[str, str]) -> None:
    """An MCP tool's name joins server and tool so that nobody can tell who does not know them."""
    payload = {"input": INPUT | {"tool": tool}, "output": {"args": args}}
    found = read_step(AGENT, "tool.execute.before", payload)

    assert (found.trace_type, found.name) == what


def test_a_message_of_the_user_is_a_prompt() -> None:
    """Without what its agent added; it names its model."""
    parts = [
        {"type": "text", "text": "Do it"},
        {"type": "text", "text": "added", "synthetic": True},
        {"type": "file", "url": "file:a"},
    ]
    told = {"sessionID": "s", "model": {"providerID": "x", "modelID": "m"}}
    message = {"input": told, "output": {"message": {"id": "msg_1"}, "parts": parts}}

    assert read(AGENT, "chat.message", message) == (PromptSubmitted("msg_1", "user", "Do it"),)
    assert opencode.model("chat.message", message) == "m"
    assert opencode.model("session.idle", message) is None
    assert opencode.event_id("chat.message", message) == "chat.message:msg_1"


def test_a_session_starts_rests_and_ends() -> None:
    """It is idle where a response is over, and ended where it was deleted."""
    assert read(AGENT, "session.created", bus("session.created")) == (SessionStarted(False),)
    assert read(AGENT, "session.idle", bus("session.idle")) == (PromptEnded(None),)
    assert read(AGENT, "session.deleted", bus("session.deleted")) == (SessionEnded("deleted"),)


def test_a_call_without_its_id_is_refused() -> None:
    """It would pair with nothing."""
    with pytest.raises(Malformed, match="callID is missing"):
        read(AGENT, "tool.execute.before", {"input": {"tool": "bash"}})


def test_each_state_of_a_call_is_an_event() -> None:
    """Told again it is the same; a running one is told for each line of its output."""
    assert opencode.event_id("tool.execute.before", BEFORE) == "tool.execute.before:call_1"
    assert opencode.event_id(PART, part("running")) == f"{PART}:call_1:running"
    assert opencode.event_id(PART, part("error")) == f"{PART}:call_1:error"
    assert opencode.event_id("session.idle", bus("session.idle")) is None
    idle = bus("session.idle")
    idle["input"]["event"]["id"] = "evt_1"
    assert opencode.event_id("session.idle", idle) == "session.idle:evt_1"
    assert opencode.event_id(PART, bus(PART)) is None


@pytest.mark.parametrize(
    ("server", "tool", "what"),
    [
        ("demo", "demo_add", ("mcp", "add", "demo")),
        ("my_own", "my_own_add_up", ("mcp", "add_up", "my_own")),
        ("demo", "demonstrate", ("tool", "demonstrate", None)),
        ("demo", "demo_", ("tool", "demo_", None)),
        (7, "demo_add", ("tool", "demo_add", None)),
        (None, "None_add", ("tool", "None_add", None)),
    ],
)
def test_a_tool_of_a_server_that_the_plugin_knows_is_an_mcp_call(
    server: object, tool: str, what: tuple[str, str, str | None]
) -> None:
    """Its name begins with the server's."""
    payload = {"input": INPUT | {"tool": tool}, "output": {"args": {}}, "mcp_server": server}
    found = read_step(AGENT, "tool.execute.before", payload)

    assert (found.trace_type, found.name, found.source) == what


def test_what_a_sub_agent_does_is_told_under_its_name() -> None:
    """The session above it is the event's, not its parent; its message starts it, rest ends it."""
    below = {"lineage": ["s", "c"]}
    sent = {"message": {"id": "msg_2", "agent": "explore", "model": {"modelID": "m"}}, "parts": []}
    message = {"input": {"sessionID": "c"}, "output": sent, **below}
    deeper = read_step(AGENT, PART, part("running") | {"lineage": ["s", "c", "d"]})
    call = read_step(AGENT, "tool.execute.before", BEFORE | below)

    assert (call.agent_id, call.parent_agent_id) == ("c", None)
    assert (deeper.agent_id, deeper.parent_agent_id) == ("d", "c")
    assert read(AGENT, "chat.message", message) == (AgentStarted("c", "explore", None),)
    assert opencode.model("chat.message", message) is None
    assert read(AGENT, "session.idle", bus("session.idle") | below) == (AgentEnded("c", None),)
    assert read(AGENT, "session.deleted", bus("session.deleted") | below) == ()


@pytest.mark.parametrize("lineage", [None, "s", [], ["s"], [7, 8], {"s": "c"}])
def test_any_other_lineage_is_that_of_the_user_s_own_session(lineage: object) -> None:
    """Whatever another plugin may write there."""
    assert read_step(AGENT, "tool.execute.before", BEFORE | {"lineage": lineage}).agent_id is None


def test_a_launch_names_whom_it_started() -> None:
    """As soon as the part that shows it does."""
    launch = part("running", metadata={"sessionId": "c"})
    launch["input"]["event"]["properties"]["part"]["tool"] = "task"
    step = read_step(AGENT, PART, launch)

    assert (step.trace_type, step.name, step.child_agent_id) == ("agent", "Task", "c")
    assert (
        read_step(AGENT, PART, part("running", metadata={"sessionId": "c"})).child_agent_id is None
    )


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(0, ("ok", None)), (3, ("error", "exit code 3")), (None, ("ok", None)), ("3", ("ok", None))],
)
def test_a_command_is_told_by_its_exit_code(code: object, outcome: tuple[str, str | None]) -> None:
    """One that was stopped has none."""
    step = read_step(AGENT, PART, part("completed", output="out", metadata={"exit": code}))

    assert (step.status, step.error) == outcome
    assert step.output_summary == "out"


def test_a_call_of_no_tool_is_an_error_under_the_name_that_was_given() -> None:
    """OpenCode runs a tool of its own in its place."""
    payload = part("completed", output="no such tool", input={"tool": "nope", "error": "e"})
    payload["input"]["event"]["properties"]["part"]["tool"] = "invalid"
    step = read_step(AGENT, PART, payload)

    assert (step.name, step.status, step.error) == ("nope", "error", "no such tool")
    assert step.input_summary is None
