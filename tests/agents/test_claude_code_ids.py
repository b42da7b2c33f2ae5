"""The ids that are derived from Claude Code's payloads."""

from typing import Any

import pytest

from traced.agents import claude_code

CALL = {"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "toolu_1"}


@pytest.mark.parametrize(
    ("event", "payload", "event_id"),
    [
        ("PreToolUse", CALL, "PreToolUse:toolu_1"),
        ("PostToolUse", CALL, "PostToolUse:toolu_1"),
        ("PostToolUseFailure", CALL, "PostToolUseFailure:toolu_1"),
        ("PermissionDenied", CALL, "PermissionDenied:toolu_1"),
        ("PostToolBatch", CALL, None),
        ("PermissionRequest", CALL | {"prompt_id": "p1"}, None),
        ("UserPromptSubmit", {"prompt": "Do it."}, None),
        ("UserPromptExpansion", {"command_name": "greet"}, None),
        ("Stop", {"prompt_id": "p1"}, None),
        ("SessionStart", {"prompt_id": "p1"}, None),
        ("SessionEnd", {"prompt_id": "p1"}, None),
    ],
)
def test_ids_are_derived_where_the_payload_is_unique(
    event: str, payload: dict[str, Any], event_id: str | None
) -> None:
    """SPEC 3: two identical others may both be genuine."""
    assert claude_code.event_id(event, payload) == event_id


def test_prompts_are_told_apart_by_id_and_text() -> None:
    """The same text under one id is the same event; a second text is another."""
    ids = [
        claude_code.event_id("UserPromptSubmit", {"prompt_id": prompt_id, "prompt": text})
        for prompt_id, text in [("p1", "a"), ("p1", "a"), ("p1", "b"), ("p2", "a")]
    ]

    assert (ids[0] == ids[1], len(set(ids))) == (True, 3)


def test_commands_are_told_apart_by_id_name_and_arguments() -> None:
    """The same command may be typed again in another prompt."""
    ids = {
        claude_code.event_id(
            "UserPromptExpansion",
            {"prompt_id": prompt_id, "command_name": command, "command_args": args},
        )
        for prompt_id, command, args in [
            ("p1", "greet", "Bob"), ("p2", "greet", "Bob"), ("p1", "greet", ""), ("p1", "x", "Bob")
        ]
    }  # fmt: skip

    assert len(ids) == 4
