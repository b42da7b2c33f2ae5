"""Calls without an id, told in any order and cut into any batches: the same rows (law 2)."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.compared import Rows, same_in_any_order
from support.model_form import SECONDS_MAX, form, seeded
from support.recorded_way import RecordedWay

START = 1_795_356_000_000
NOW = START + 3_600_000
# What an agent tells: its event, what it ran, and what came of it.
KINDS = ("BeforeTool", "BeforeTool", "AfterTool", "AfterTool", "AfterAgent", "SessionEnd")


class Told(NamedTuple):
    """One event of Gemini CLI, so many milliseconds after the start."""

    event: str
    after: int
    command: str
    output: str

    def line(self, number: int) -> bytes:
        """Return what the hook client sends."""
        at = datetime.fromtimestamp((START + self.after) / 1000, UTC)
        payload: dict[str, Any] = {
            "session_id": "s",
            "hook_event_name": self.event,
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "transcript_path": "/home/dev/.gemini/tmp/s.jsonl",
        }
        if self.event.endswith("Tool"):
            payload |= {"tool_name": "sh", "tool_input": {"command": self.command}}
        if self.event == "AfterTool":
            key = "error" if self.output == "failed" else "llmContent"
            payload["tool_response"] = {key: self.output}
        envelope = {"v": 1, "event_id": f"e{number}", "payload": payload}
        return json.dumps(envelope).encode()


# Nothing happens at the very moment at which something else is over.
TELLINGS = st.lists(
    st.builds(
        Told,
        st.sampled_from(KINDS),
        st.integers(1, 25),
        st.sampled_from(["ls", "ls", "make"]),
        st.sampled_from(["a", "b", "failed"]),
    ).map(lambda told: told._replace(after=2 * told.after + ("Tool" in told.event))),
    min_size=2,
    max_size=16,
)


def recorded(lines: list[bytes], cuts: list[int], *, restarts: bool) -> Rows:
    """Return the rows after a prompt and then these lines, in batches of these sizes."""
    with tempfile.TemporaryDirectory() as folder:
        way = RecordedWay(Path(folder) / "traced.db", content=True, units_max=0)
        way.commit([Told("BeforeAgent", 0, "", "").line(0)], NOW)
        for size in [*cuts, len(lines)]:
            way.commit(lines[:size], NOW)
            lines = lines[size:]
            if restarts:
                way.restart(units_max=0)
        rows = way.rows()
        way.close()
    return rows


@pytest.mark.timeout(SECONDS_MAX)
@seeded
@form(15)
@given(TELLINGS, st.randoms(use_true_random=False), st.lists(st.integers(1, 5), max_size=8))
def test_rows_depend_on_what_was_told_alone(told: list[Told], chance: Any, cuts: list[int]) -> None:
    """Identical calls, their ends, and what is over in between; forgotten after each batch."""
    lines = [each.line(number) for number, each in enumerate(told, 1)]
    shuffled = list(lines)
    chance.shuffle(shuffled)

    expected = recorded(lines, [len(lines)], restarts=False)
    found = recorded(shuffled, cuts, restarts=True)

    assert same_in_any_order(found) == same_in_any_order(expected)
    orders = [row["step_order"] for row in found["execution_traces"]]
    assert sorted(orders) == list(range(1, len(orders) + 1))


@pytest.mark.timeout(SECONDS_MAX)
@seeded
@form(8)
@given(TELLINGS, st.lists(st.integers(1, 5), max_size=8))
def test_what_is_told_again_changes_nothing(told: list[Told], cuts: list[int]) -> None:
    """Each line has an id; a second one is a duplicate."""
    lines = [each.line(number) for number, each in enumerate(told, 1)]

    once = recorded(lines, [len(lines)], restarts=False)
    again = recorded([*lines, *lines], cuts, restarts=True)

    assert same_in_any_order(again) == same_in_any_order(once)
