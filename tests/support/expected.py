"""What was written down by hand of a recorded session, held against what a daemon stored of it."""

from typing import Any, Protocol

from support.daemon import Row

SAID = (
    "call_id", "prompt_number", "trace_type", "name", "source", "status", "agent_id",
    "agent_type", "parent_agent_id", "child_agent_id",
)  # fmt: skip


class Stored(Protocol):
    """What was stored: a daemon, or a copy of its rows."""

    def rows(self, relation: str, **wanted: object) -> list[Row]:
        """Return the rows of a public relation whose columns have these values."""

    def steps(self, **wanted: object) -> list[Row]:
        """Return steps in the order of their session and step order."""


def check_session(stored: Stored, session_id: str, expected: dict[str, Any]) -> None:
    """Hold a session, its prompts and its sub-agents against what was written down."""
    (session,) = stored.rows("sessions", session_id=session_id)
    assert (session["ended_at"] is not None) == expected["ended"]
    assert session["end_reason"] == expected["end_reason"]
    assert session["steps"] == len(expected["steps"])
    assert session["errors"] == sum(step["status"] == "error" for step in expected["steps"])
    prompts = sorted(stored.rows("prompts", session_id=session_id), key=prompt_number)
    assert [
        (row["prompt_number"], row["prompt_id"], row["source"], row["ended_at"] is not None)
        for row in prompts
    ] == [
        (row["prompt_number"], row["prompt_id"], row["source"], row["ended"])
        for row in expected["prompts"]
    ]
    for row, said in zip(prompts, expected["prompts"], strict=True):
        assert row["summary"].startswith(said["summary_starts"])
    agents = {row["agent_id"]: row for row in stored.rows("agents", session_id=session_id)}
    assert agents.keys() == {row["agent_id"] for row in expected["agents"]}
    for said in expected["agents"]:
        row = agents[said["agent_id"]]
        keys = ("agent_type", "parent_agent_id", "call_id", "prompt_number")
        assert {key: row[key] for key in keys} == {key: said[key] for key in keys}
        assert (row["ended_at"] is not None) == said["ended"]


def check_steps(steps: list[Row], expected: list[dict[str, Any]]) -> None:
    """Hold the steps of one session against what was written down, whatever their order."""
    assert [step["step_order"] for step in steps] == list(range(1, len(expected) + 1))
    found, wanted = sorted(steps, key=key_of), sorted(expected, key=key_of)
    assert [key_of(step) for step in found] == [key_of(said) for said in wanted]
    for step, said in zip(found, wanted, strict=True):
        assert {key: step[key] for key in SAID} == {key: said[key] for key in SAID}
        if said["input_summary"] != "*":
            assert step["input_summary"] == said["input_summary"]
        if said["error_starts"] is None:
            assert step["error"] is None
        else:
            assert step["error"].startswith(said["error_starts"])
        check_times(step, said)


def check_times(step: Row, said: dict[str, Any]) -> None:
    """A call that started and ended has both times and a duration: its own, else the difference."""
    assert (step["started_at"] is not None) == (said["has_start"] or said["call_id"] is None)
    if said["duration_ms"] is not None:
        assert step["duration_ms"] == said["duration_ms"]
    elif said["has_start"] and said["has_end"]:
        assert step["duration_ms"] >= 0
    if said["permission"] and said["has_end"] and said["duration_ms"] is not None:
        assert step["permission_wait_ms"] >= 0


def key_of(step: dict[str, Any]) -> tuple[str, ...]:
    """What tells a step from the others: its call, or where it has no id, what it was to do."""
    if step["call_id"] is not None:
        return (step["call_id"],)
    return "", step["name"], str(step["prompt_number"]), step["input_summary"], step["status"]


def prompt_number(row: Row) -> int:
    """Sort prompts by their number."""
    return int(row["prompt_number"])
