"""The facts of tests/fixtures/codex/0.169.0/rollouts, and what older versions write instead."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.codex_rollouts import FOLDER, hooked, imported, told
from support.exporting import Recorded
from support.store import Row

STEPS = "SELECT * FROM execution_traces ORDER BY session_id, step_order"
PROMPTS = "SELECT * FROM prompts ORDER BY session_id, prompt_number"
TOKENS = ("model", "input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
# What import alone tells, by call id: kind, name, server, end, and its sub-agent's prompt is one.
EXPECTED = {
    "call_b1": (1, "tool", "Bash", None, "ok", "echo hello"),
    "call_b2": (1, "tool", "Bash", None, "error", "exit 3"),
    "call_b3": (1, "tool", "Bash", None, "ok", "sleep 0.3; echo p1"),
    "call_b4": (1, "tool", "Bash", None, "ok", "sleep 0.3; echo p2"),
    "call_b5": (1, "tool", "apply_patch", None, "ok", "made.txt"),
    "call_b6": (1, "tool", "update_plan", None, "error", "one ✓"),
    "call_b7": (1, "tool", "no_such_tool", None, "error", "a=1"),
    "call_s1": (2, "tool", "Bash", None, "ok", "echo second"),
    "call_m1": (1, "mcp", "add", "demo", "ok", "a=1, b=2"),
    "call_m2": (1, "mcp", "fail", "demo", "error", "reason=on purpose"),
    "call_a1": (1, "agent", "spawn_agent", None, "ok", "[[script:child]]"),
    "call_c3101": (1, "tool", "Bash", None, "ok", "echo from child"),
    "call_l1": (1, "tool", "Bash", None, "cancelled", "sleep 30"),
}
# Codex has no hook for a call of a tool that it does not have.
WITHOUT_HOOKS = {"call_b6", "call_b7"}
# Nor for the end of these: the one failed, the other was interrupted.
WITHOUT_END = {"call_m2": "error", "call_l1": "cancelled"}
# Input and output tokens of each prompt: responses 0, 1, 2, … used 100, 101, … and 10, 11, …; 40 of
# each input were cached. The launched sub-agent's two responses are its launcher's prompt's.
USED = [(721, 91, 280), (201, 21, 80), (303, 33, 120), (504, 54, 200), (100, 10, 40)]


def by_call(rows: list[Row]) -> dict[str, Row]:
    """Return steps by their call ids."""
    return {row["call_id"]: row for row in rows}


def rollout(path: Path, *items: tuple[str, dict[str, Any]], **meta: object) -> Path:
    """Write a rollout of records, a second each."""
    records = [("session_meta", {"id": "t1", "cwd": "/p", **meta}), *items]
    lines = [
        json.dumps(
            {"timestamp": f"2025-10-01T10:00:{second:02}Z", "type": kind, "payload": payload}
        )
        for second, (kind, payload) in enumerate(records)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def read(recorded: Recorded, *items: tuple[str, dict[str, Any]]) -> Recorded:
    """Import a rollout of these records."""
    recorded.take(told([rollout(recorded.path.with_name("rollout-x.jsonl"), *items)]))
    return recorded


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Recorded]:
    """An empty database."""
    found = Recorded(tmp_path / "t.db", "summary")
    yield found
    found.close()


def test_rollouts_alone_give_every_call(recorded: Recorded) -> None:
    """With its kind, its name as its hooks give it, its end and its prompt."""
    recorded.take(imported())
    found = by_call(recorded.rows(STEPS))
    del found["call_a2"]  # its input names the sub-agent, else it is as the others

    assert {
        call_id: (
            row["prompt_number"], row["trace_type"], row["name"], row["source"], row["status"],
            row["input_summary"],
        )
        for call_id, row in found.items()
    } == EXPECTED  # fmt: skip


def test_a_sub_agent_is_joined_to_its_launch(recorded: Recorded) -> None:
    """Its calls are in its launcher's session and prompt."""
    recorded.take(imported())
    (agent,) = recorded.rows("SELECT * FROM agents")
    steps = by_call(recorded.rows(STEPS))

    assert (agent["agent_type"], agent["call_id"], agent["status"]) == ("default", "call_a1", "ok")
    assert steps["call_a1"]["child_agent_id"] == agent["agent_id"]
    assert steps["call_c3101"]["agent_id"] == agent["agent_id"]
    assert steps["call_c3101"]["session_id"] == steps["call_a1"]["session_id"]


def test_prompts_have_what_they_used(recorded: Recorded) -> None:
    """All responses to each, cached input among the input."""
    recorded.take(imported())
    prompts = recorded.rows(PROMPTS)

    assert [
        (each["input_tokens"], each["output_tokens"], each["cache_read_tokens"]) for each in prompts
    ] == USED
    assert [each["model"] for each in prompts] == ["gpt-5.5"] * 2 + ["gpt-5.2-codex"] * 3
    assert None not in {each["ended_at"] for each in prompts}


def test_twice_is_once(recorded: Recorded) -> None:
    """The second import adds nothing and changes nothing."""
    recorded.take(imported())
    before = recorded.rows(STEPS), recorded.rows(PROMPTS)

    assert {outcome.status for outcome in recorded.take(imported())} == {"duplicate"}
    assert (recorded.rows(STEPS), recorded.rows(PROMPTS)) == before


def test_an_import_changes_nothing_that_hooks_have_told(recorded: Recorded) -> None:
    """It adds calls without hooks, how calls ended of whose end no hook told, and tokens."""
    recorded.take(hooked())
    steps, prompts = by_call(recorded.rows(STEPS)), recorded.rows(PROMPTS)
    recorded.take(imported())
    found = by_call(recorded.rows(STEPS))

    assert found.keys() - steps.keys() == WITHOUT_HOOKS
    for call_id, step in steps.items():
        now = found[call_id]
        if call_id in WITHOUT_END:
            assert (step["status"], now["status"]) == ("unknown", WITHOUT_END[call_id])
        else:
            assert now == step
    assert [
        {key: value for key, value in each.items() if key not in TOKENS}
        for each in recorded.rows(PROMPTS)
    ] == [{key: value for key, value in each.items() if key not in TOKENS} for each in prompts]


def test_hooks_that_come_after_the_import_win(recorded: Recorded) -> None:
    """What hooks tell is the same in whichever order the two came, but for the order of steps."""
    recorded.take(imported())
    recorded.take(hooked())
    same = ("name", "status", "prompt_number", "started_at", "ended_at", "output_summary", "error")

    def facts(of: Recorded) -> dict[str, list[object]]:
        steps = by_call(of.rows(STEPS))
        return {call_id: [step[key] for key in same] for call_id, step in steps.items()}

    with closing(Recorded(recorded.path.with_name("other.db"), "summary")) as other:
        other.take(hooked())
        other.take(imported())

        assert facts(recorded) == facts(other)


@pytest.mark.parametrize(
    ("output", "status", "shown"),
    [
        ('{"output":"hi\\n","metadata":{"exit_code":0,"duration_seconds":0.1}}', "ok", "hi\n"),
        ('{"output":"no\\n","metadata":{"exit_code":2}}', "error", "Exit code 2\nno"),
        ("Exit code: 0\nWall time: 0 seconds\nOutput:\nhi", "ok", "hi"),
        ("Chunk ID: 1\nProcess exited with code 1\nOutput:\nno", "error", "Exit code 1\nno"),
        ({"content": "no", "success": False}, "error", "no"),
        ("aborted by user after 1.0s", "cancelled", "aborted by user after 1.0s"),
        ("plain", "ok", "plain"),
    ],
)
def test_older_versions_note_only_what_the_model_was_told(
    recorded: Recorded, output: object, status: str, shown: str
) -> None:
    """A command's words, its user's message without a turn, its exit code in the output."""
    arguments = json.dumps({"command": ["bash", "-lc", "echo hi"]})
    call = {"type": "function_call", "name": "shell", "arguments": arguments, "call_id": "c1"}
    read(
        recorded,
        ("event_msg", {"type": "user_message", "message": "do it"}),
        ("response_item", call),
        ("response_item", {"type": "function_call_output", "call_id": "c1", "output": output}),
    )
    (step,) = recorded.rows(STEPS)

    assert (step["name"], step["input_summary"], step["prompt_number"]) == ("Bash", "echo hi", 1)
    assert (step["status"], step["error"] or step["output_summary"]) == (status, shown)
    assert step["duration_ms"] == 1000


def test_older_versions_count_tokens_for_the_whole_file(recorded: Recorded) -> None:
    """Each prompt has what was added while it was answered; what is told again adds nothing."""

    def counted(used: int) -> tuple[str, dict[str, Any]]:
        total = {"input_tokens": used, "cached_input_tokens": used // 2, "output_tokens": 5}
        return "event_msg", {"type": "token_count", "info": {"total_token_usage": total}}

    def said(text: str) -> tuple[str, dict[str, Any]]:
        return "event_msg", {"type": "user_message", "message": text}

    read(
        recorded,
        ("turn_context", {"model": "gpt-5-codex", "cwd": "/p"}),
        *(said("one"), counted(100), counted(100), counted(150)),
        *(said("two"), ("event_msg", {"type": "token_count", "info": None}), counted(350)),
    )
    prompts = recorded.rows(PROMPTS)

    assert [each["input_tokens"] for each in prompts] == [150, 200]
    assert [each["cache_read_tokens"] for each in prompts] == [75, 100]
    assert [each["output_tokens"] for each in prompts] == [5, 0]
    assert [each["model"] for each in prompts] == ["gpt-5-codex", "gpt-5-codex"]


def test_what_is_said_during_a_turn_belongs_to_it(recorded: Recorded) -> None:
    """It is no prompt of its own."""
    started = ("event_msg", {"type": "task_started", "turn_id": "turn-1"})
    item = {"type": "UserMessage", "content": [{"type": "text", "text": "and this"}]}
    read(
        recorded,
        started,
        ("event_msg", {"type": "user_message", "message": "do it"}),
        ("event_msg", {"type": "item_completed", "item": item}),
    )

    assert [each["summary"] for each in recorded.rows(PROMPTS)] == ["do it"]


def test_what_a_call_without_an_end_came_to_is_unknown(recorded: Recorded) -> None:
    """Its process was killed."""
    call = {"type": "local_shell_call", "call_id": "c1", "action": {"command": ["ls", "a b"]}}
    (step,) = read(recorded, ("response_item", call)).rows(STEPS)

    assert (step["input_summary"], step["status"]) == ("ls 'a b'", "unknown")


def test_a_file_that_says_nothing_of_itself_tells_nothing(tmp_path: Path) -> None:
    """Whose it is cannot be guessed."""
    path = rollout(tmp_path / "rollout-x.jsonl", id=None)

    assert list(told([path])) == []


def test_the_fixtures_are_whole() -> None:
    """So that the facts above are of something."""
    assert len(hooked()) == 45
    assert len(list(FOLDER.glob("rollout-*.jsonl"))) == 5
