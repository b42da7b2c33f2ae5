"""Whose payload is it: the marks that each agent's own payloads carry."""

import json

import pytest
from support.recorded import Scenario, scenarios

from traced.agents.detect import marked_agent
from traced.core.json_text import decode_json

CLAUDE = {"session_id": "s", "transcript_path": "/home/dev/.claude/projects/p/s.jsonl", "cwd": "/"}
CODEX = {
    "session_id": "s",
    "transcript_path": "/home/dev/.codex/sessions/2026/11/22/rollout-2026-11-22T14-37-13-s.jsonl",
    "cwd": "/",
    "model": "gpt-5.5",
    "permission_mode": "default",
}
GEMINI = {
    "session_id": "s",
    "transcript_path": "/home/dev/.gemini/tmp/project/chats/session-2026-11-22T14-40-s.jsonl",
    "timestamp": "2026-11-22T14:40:42.662Z",
}
COPILOT = {"session_id": "s", "timestamp": "2026-11-22T14:00:00.000Z", "cwd": "/"}
TRANSCRIPT = {"transcript_path": "/home/dev/.copilot/s/events.jsonl"}
CURSOR = {"conversation_id": "c", "model": "model-x", "cursor_version": "2.0.77"}


@pytest.mark.parametrize("scenario", list(scenarios()), ids=lambda scenario: scenario.name)
def test_claude_codes_own_payloads_have_no_mark(scenario: Scenario) -> None:
    """Nothing that Claude Code really sent is taken for another agent's."""
    for line in scenario.payloads:
        payload = decode_json(line)
        assert isinstance(payload, dict)
        assert marked_agent(payload["hook_event_name"], payload) is None


@pytest.mark.parametrize(
    ("agent", "event", "payload"),
    [
        (None, "SessionStart", CLAUDE | {"model": "opus", "source": "startup"}),
        (None, "MessageDisplay", CLAUDE | {"turn_id": "t"}),
        (None, "PreToolUse", CLAUDE | {"permission_mode": "default"}),
        ("codex", "SessionStart", CODEX),
        ("codex", "SessionEnd", {"transcript_path": CODEX["transcript_path"]}),
        ("codex", "PreToolUse", {"turn_id": "t", "transcript_path": None}),
        ("codex", "SessionStart", {"model": "m", "permission_mode": "p", "transcript_path": None}),
        ("gemini-cli", "BeforeTool", GEMINI),
        ("gemini-cli", "AfterAgent", GEMINI),
        ("gemini-cli", "PreCompress", GEMINI),
        ("gemini-cli", "SessionStart", GEMINI),
        ("gemini-cli", "SessionEnd", GEMINI),
        ("gemini-cli", "Notification", GEMINI),
        ("copilot-cli", "SessionStart", COPILOT),
        ("copilot-cli", "PreToolUse", COPILOT),
        ("copilot-cli", "Stop", COPILOT | TRANSCRIPT),
        ("copilot-cli", "sessionStart", {"sessionId": "s", "timestamp": 1_795_357_775_897}),
        ("cursor", "preToolUse", CURSOR),
        ("cursor", "preToolUse", CURSOR | {"permission_mode": "p", "turn_id": "t"}),
    ],
)
def test_agents_are_told_by_their_marks(
    agent: str | None, event: str, payload: dict[str, object]
) -> None:
    """SPEC 3: the payload's own marks, in this order, beat what the envelope says."""
    assert marked_agent(event, payload) == agent


@pytest.mark.parametrize("key", ["cursor_version", "sessionId", "timestamp", "turn_id"])
def test_a_mark_that_is_null_is_none(key: str) -> None:
    """A key without a value says nothing."""
    assert marked_agent("PreToolUse", CLAUDE | {key: None}) is None


@pytest.mark.parametrize("path", ["/a/rollout-x/s.jsonl", "/a/my-rollout-s.jsonl", 5, ["rollout-"]])
def test_only_the_name_of_the_transcript_counts(path: object) -> None:
    """A project folder may be called anything."""
    assert marked_agent("Stop", CLAUDE | {"transcript_path": path}) is None


def test_marks_do_not_depend_on_values() -> None:
    """What is in the marks may change its type tomorrow."""
    payload = json.loads('{"timestamp": [], "transcript_path": {}}')

    assert marked_agent("SessionStart", payload) == "gemini-cli"
