import json
from collections.abc import Mapping

import pytest
from support.store_room import records

from traced.core.capture import Capture, CaptureMode
from traced.core.event import (
    AgentEnded,
    AgentStarted,
    Event,
    Phase,
    PromptEnded,
    PromptSubmitted,
    SessionEnded,
    SessionStarted,
    StepChange,
)
from traced.core.redact import Redactor
from traced.core.wire import LifeLine, NativeEvent
from traced.ingest import native

NOW = 1_800_000_000_000


def read(more: Mapping[str, object], mode: CaptureMode = "summary") -> Event:
    """Return a line, received at NOW, as an event; `more` are its keys beside the session."""
    (record,) = records(json.dumps({"v": 1, "session_id": "s", **more}).encode())
    capture = Capture(mode, Redactor())
    if isinstance(record, LifeLine):
        return native.life(record, NOW, capture)
    assert isinstance(record, NativeEvent)
    return native.event(record, NOW, capture)


def step(more: Mapping[str, object], mode: CaptureMode = "summary") -> StepChange:
    """Return the one change of a native event."""
    (change,) = read({"trace_type": "tool", "name": "n", **more}, mode).changes
    assert isinstance(change, StepChange)
    return change


def test_without_an_agent_it_is_custom() -> None:
    """The agent is never null."""
    assert read({"trace_type": "tool", "name": "n"}).agent == "custom"
    assert read({"trace_type": "tool", "name": "n", "agent": "mine"}).agent == "mine"
    assert read({"lifecycle": "prompt"}).agent == "custom"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"phase": "start", "call_id": "c"}, AgentStarted("a1", "plan", None)),
        ({"phase": "end", "call_id": "c"}, AgentEnded("a1", "plan")),
        ({}, AgentEnded("a1", "plan")),
    ],
    ids=["start", "end", "whole"],
)
def test_who_is_launched_runs_as_long(more: dict[str, object], told: object) -> None:
    """A sub-agent begins with the step that launched it, ends with it, and is of its name."""
    launch = {"trace_type": "agent", "name": "plan", "child_agent_id": "a1"}
    change, launched = read(launch | more).changes

    assert launched == told
    assert isinstance(change, StepChange)
    assert (change.child_agent_id, change.child_agent_type) == ("a1", "plan")


def test_what_is_given_stands() -> None:
    """Every key of a native event arrives in the step or the event."""
    given = {
        "trace_type": "mcp", "name": "query", "phase": "end", "call_id": "c",
        "prompt_number": 0, "step_order": 0, "source": "pg", "agent_id": "a1",
        "agent_type": "explore", "parent_agent_id": "a0", "status": "denied", "duration_ms": 0,
    }  # fmt: skip
    change = step(given)

    assert change.phase is Phase.END
    assert {key: getattr(change, key) for key in given if key != "phase"} == {
        key: value for key, value in given.items() if key != "phase"
    }
    event = read(
        {
            "trace_type": "tool",
            "name": "n",
            "cwd": "/c",
            "model": "m",
            "agent_pid": 7,
            "event_id": "e",
        }
    )
    assert (event.cwd, event.model, event.agent_pid, event.event_id) == ("/c", "m", 7, "e")


@pytest.mark.parametrize("phase", [None, "end"])
def test_an_end_without_status_is_ok(phase: str | None) -> None:
    """A whole step or an end went well unless it says otherwise."""
    assert step({"phase": phase, "call_id": "c"}).status == "ok"


def test_a_start_has_no_status() -> None:
    """What has only begun has not ended in any way."""
    change = step({"phase": "start", "call_id": "c", "status": "error"})

    assert change.phase is Phase.START
    assert change.status is None


def test_a_start_without_time_began_when_it_was_sent() -> None:
    """Else when it was received."""
    assert step({"phase": "start", "call_id": "c", "sent_at": NOW - 5}).started_at == NOW - 5
    assert step({"phase": "start", "call_id": "c"}).started_at == NOW


def test_an_end_without_time_ended_when_it_was_sent() -> None:
    """Its start is told by another event."""
    change = step({"phase": "end", "call_id": "c", "sent_at": NOW - 5})

    assert (change.started_at, change.ended_at) == (None, NOW - 5)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"started_at": 1000, "ended_at": 2000}, (1000, 2000)),
        ({"started_at": "1970-01-01T00:00:01Z"}, (1000, None)),
        ({"started_at": 1000, "duration_ms": 250.4}, (1000, 1250)),
        ({"ended_at": 2000}, (None, 2000)),
        ({}, (None, NOW)),
        ({"started_at": NOW + 90_000_000}, (None, NOW)),
    ],
)
def test_a_whole_step_is_over_when_it_says(
    given: dict[str, object], expected: tuple[int | None, int | None]
) -> None:
    """Start and duration make an end; a time more than a day ahead counts as not told."""
    change = step(given)

    assert (change.started_at, change.ended_at) == expected


def test_content_is_summarised() -> None:
    """Input, output and error become text for people; secrets do not."""
    change = step(
        {
            "name": "Bash",
            "input": {"command": "ls -l"},
            "output": "password=hunter2-hunter2",
            "error": {"message": "no"},
        }
    )

    assert change.input_summary == "ls -l"
    assert change.output_summary == "password=[redacted]"
    assert change.error == "no"
    assert (change.input, change.output) == (None, None)


def test_a_summary_that_is_given_is_taken() -> None:
    """It beats our own, and is redacted and cut as that."""
    change = step(
        {"input": {"command": "ls"}, "input_summary": "lists", "output_summary": "x" * 501}
    )

    assert change.input_summary == "lists"
    assert change.output_summary == "x" * 499 + "…"


@pytest.mark.parametrize("mode", ["summary", "full", "metadata"])
def test_labels_are_kept_without_secrets(mode: CaptureMode) -> None:
    """Whatever a sender puts into them."""
    secret = "ghp_" + "a1B2" * 9
    labels = {"source": "a", "agent_type": "b", "cwd": "c", "model": "d"}
    said = {key: f"{text} {secret}" for key, text in labels.items()}
    found = read({"trace_type": "tool", "name": f"n {secret}", **said}, mode)
    (change,) = found.changes

    assert secret not in repr(found)
    assert isinstance(change, StepChange)
    assert (change.name, found.cwd) == ("n [redacted:github-token]", "c [redacted:github-token]")


def test_whole_content_is_kept_where_that_is_asked() -> None:
    """In capture mode full, as JSON, without secrets."""
    change = step({"input": {"a": 0}, "output": None, "error": "no"}, "full")

    assert change.input == '{"a":0}'
    assert change.output is None


def test_no_content_is_kept_where_that_is_asked() -> None:
    """In capture mode metadata neither summaries nor errors are kept."""
    change = step({"input": "a", "input_summary": "a", "output": "a", "error": "a"}, "metadata")

    assert (change.input_summary, change.output_summary, change.error) == (None, None, None)


@pytest.mark.parametrize(
    ("line", "change"),
    [
        ({"lifecycle": "session_start"}, SessionStarted(continues=False)),
        ({"lifecycle": "prompt", "prompt": "do it"}, PromptSubmitted(None, "user", "do it")),
        ({"lifecycle": "prompt"}, PromptSubmitted(None, "user", None)),
        ({"lifecycle": "prompt_end"}, PromptEnded(None)),
        ({"lifecycle": "session_end", "reason": "done"}, SessionEnded("done")),
        ({"lifecycle": "session_end"}, SessionEnded(None)),
    ],
)
def test_life_lines_say_what_happened(line: dict[str, object], change: object) -> None:
    """Each is one change, at the time of sending."""
    event = read(line | {"sent_at": NOW - 9})

    assert event.changes == (change,)
    assert event.at == NOW - 9


def test_a_sub_agent_ends_when_its_step_did() -> None:
    """However late that is told: the step's own times are those of whom it launched."""
    launch = {"trace_type": "agent", "name": "plan", "child_agent_id": "a1"}
    times = {"started_at": NOW - 9_000, "ended_at": NOW - 5_000}

    assert read({**launch, **times}).at == NOW - 5_000
    start = {"phase": "start", "call_id": "c", "started_at": NOW - 9_000}
    assert read({**launch, **start}).at == NOW - 9_000
    assert read(launch).at == NOW
