"""What OpenCode tells its plugins: hooks around a call, and the part that shows it."""

from typing import Any

import pytest
from support.adapters import AT, read, read_step

from traced.agents import opencode
from traced.core.errors import Malformed
from traced.core.event import Phase, PromptEnded, PromptSubmitted, SessionEnded, SessionStarted

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
    """An MCP tool's name joins server and tool so that they cannot be told apart."""
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
    assert opencode.event_id(PART, bus(PART)) is None
