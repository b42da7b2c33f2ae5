"""Claude Code's transcripts, as what its hooks would have told."""

import json
from typing import Any

import pytest

from traced.backfill.calls import OPEN_MAX
from traced.backfill.claude_code import Transcript
from traced.backfill.told import SubAgent

Line = dict[str, Any]

AT = "2026-11-22T14:16:07.000Z"
AT_MS = 1795356967000


def user(content: object, **said: Any) -> Line:
    """Return a line that is written as the user's."""
    return {"type": "user", "message": {"role": "user", "content": content}, **_common(said)}


def assistant(*blocks: Line, **said: Any) -> Line:
    """Return a line of the model's answer."""
    message = {"content": list(blocks), "stop_reason": "tool_use", **said.pop("message", {})}
    return {"type": "assistant", "message": message, **_common(said)}


def call(call_id: str = "toolu_1", name: str = "Bash", **tool_input: Any) -> Line:
    """Return the block of a call."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": tool_input}


def result(content: object = "ok", call_id: str = "toolu_1", *, is_error: bool = False) -> Line:
    """Return the block of a call's result."""
    block = {"type": "tool_result", "tool_use_id": call_id, "content": content}
    return {**block, "is_error": is_error}


def told(*lines: Line, sub_agent: SubAgent | None = None) -> list[Line]:
    """Return what a session of one file tells."""
    transcript = Transcript()
    if sub_agent is None:
        found = [*transcript.read(iter(lines), None), *transcript.end()]
    else:
        found = list(transcript.read(iter(lines), sub_agent))
    return [json.loads(line) for line in found]


def events(*lines: Line, **said: Any) -> list[Line]:
    """Return the payloads of what would have been hooks."""
    return [line["payload"] for line in told(*lines, **said) if "payload" in line]


def _common(said: Line) -> Line:
    return {"sessionId": "s1", "timestamp": AT, "cwd": "/home/dev", **said}


def test_a_prompt_has_its_id_and_its_time() -> None:
    """As its hook would have told it, but afterwards."""
    assert told(user("Do it", promptId="p1"))[0] == {
        "v": 1,
        "ack": True,
        "imported": True,
        "agent": "claude-code",
        "sent_at": AT_MS,
        "payload": {
            "hook_event_name": "UserPromptSubmit",
            "session_id": "s1",
            "cwd": "/home/dev",
            "prompt_id": "p1",
            "prompt": "Do it",
        },
    }


def test_prompts_without_ids_have_numbers() -> None:
    """Claude Code 2.0 gives them none."""
    lines = told(user("one", uuid="u1"), assistant(call()), user("two", uuid="u2"))

    assert [line.get("prompt_number") for line in lines] == [1, 1, 2]


@pytest.mark.parametrize(
    "line",
    [
        user("x", isMeta=True),
        user("x", isSidechain=True),
        user("x", isCompactSummary=True),
        user("<command-name>/clear</command-name>"),
        user("<local-command-stdout>ok</local-command-stdout>"),
        user("<bash-input>ls</bash-input>"),
        user([{"type": "text", "text": "[Request interrupted by user for tool use]"}]),
        user(None),
        {**user("x"), "timestamp": "soon"},
        {**user("x"), "sessionId": None},
        {"type": "system", "subtype": "turn_duration"},
    ],
    ids=[
        *["meta", "sidechain", "summary", "local", "output", "shell", "interrupt", "empty"],
        *["no time", "no session", "system"],
    ],
)
def test_what_nobody_submitted_is_no_prompt(line: Line) -> None:
    """The agent writes much as the user's."""
    assert told(line) == []


def test_a_slash_command_is_told_as_it_was_typed() -> None:
    """The transcript has it taken apart."""
    line = user(
        "<command-message>greet</command-message>\n<command-name>/greet</command-name>\n"
        "<command-args>Bob, twice</command-args>",
        promptId="p1",
    )

    assert events(line)[0]["prompt"] == "/greet Bob, twice"


def test_a_prompt_of_blocks_is_its_text() -> None:
    """Images have none."""
    blocks = [{"type": "text", "text": "Look"}, {"type": "image"}, {"type": "text", "text": "here"}]

    assert events(user(blocks))[0]["prompt"] == "Look\nhere"


def test_a_call_has_the_id_that_its_hooks_gave_it() -> None:
    """Its result says which call it is of; name and input are the call's."""
    before, after = events(
        assistant(call(command="ls")),
        user([result("a b")], toolUseResult={"stdout": "a b", "stderr": ""}),
    )

    assert before["hook_event_name"] == "PreToolUse"
    assert after["hook_event_name"] == "PostToolUse"
    for each in (before, after):
        assert (each["tool_use_id"], each["tool_name"]) == ("toolu_1", "Bash")
        assert each["tool_input"] == {"command": "ls"}
    assert after["tool_response"] == {"stdout": "a b", "stderr": ""}


def test_what_two_results_of_one_line_gave_is_in_their_blocks() -> None:
    """The line's own result is of one call."""
    found = events(
        assistant(call("toolu_1"), call("toolu_2")),
        user([result("a", "toolu_1"), result("b", "toolu_2")], toolUseResult={"stdout": "?"}),
    )

    assert [each.get("tool_response") for each in found] == [None, None, "a", "b"]


@pytest.mark.parametrize(
    ("content", "whole", "error"),
    [
        ("<tool_use_error>Error: none such</tool_use_error>", "Error: none", "Error: none such"),
        ("Exit code 3\noops", "Error: Exit code 3\noops", "Exit code 3\noops"),
        ("failed\n\nThis tool's schema was not read", "Error: failed", "failed"),
        ([{"type": "text", "text": "failed"}], None, "failed"),
    ],
    ids=["refused", "exit code", "mcp", "blocks"],
)
def test_a_call_that_failed_says_why(content: object, whole: object, error: str) -> None:
    """In the words of its hook, where the transcript has them."""
    _, after = events(
        assistant(call()), user([result(content, is_error=True)], toolUseResult=whole)
    )

    assert (after["hook_event_name"], after["error"]) == ("PostToolUseFailure", error)


def test_a_call_that_the_user_refused_was_denied() -> None:
    """As its words or the decision kept beside it tell."""
    said = "The user doesn't want to proceed with this tool use. The tool use was rejected."
    lines = [
        user([result(said, is_error=True)]),
        user([result("no", is_error=True)], permissionDecision={"decision": "reject"}),
    ]

    for line in lines:
        _, after = events(assistant(call()), line)
        assert after["hook_event_name"] == "PermissionDenied"


def test_a_call_that_was_interrupted_was_cancelled() -> None:
    """As a hook says of one."""
    said = "[Request interrupted by user for tool use]"
    _, after = events(assistant(call()), user([result(said, is_error=True)]))

    assert after["is_interrupt"] is True


def test_what_a_fork_copied_is_not_its_own() -> None:
    """It was told of the session that it goes on from; only answers say whose they were."""
    found = events(
        user("one", promptId="p1"),
        assistant(call("toolu_1"), requestSessionId="s0"),
        user([result("a", "toolu_1")]),
        user("two", promptId="p1"),
        assistant(call("toolu_2"), requestSessionId="s1"),
    )

    assert [each["hook_event_name"] for each in found] == ["UserPromptSubmit", "PreToolUse"]
    assert (found[0]["prompt"], found[1]["tool_use_id"]) == ("two", "toolu_2")


def test_a_result_without_its_call_is_passed_over() -> None:
    """Files begin anywhere after a compaction."""
    assert events(user([result()]), user([{"type": "tool_result"}])) == []


def test_calls_that_never_end_do_not_fill_the_memory() -> None:
    """The oldest are let go: their results would find nothing."""
    calls = [assistant(call(f"toolu_{number}")) for number in range(OPEN_MAX + 1)]

    found = events(*calls, user([result("x", "toolu_0")]), user([result("x", "toolu_1")]))

    assert len(found) == OPEN_MAX + 2
    assert found[-1]["tool_use_id"] == "toolu_1"


def test_a_prompt_is_over_with_the_last_answer() -> None:
    """Not with one that calls tools; and it has its model and its tokens."""
    usage = {
        "input_tokens": 3,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20,
        "output_tokens": 7,
    }
    message = {"id": "m1", "model": "claude-opus-5-5", "usage": usage}
    later = "2026-11-22T14:16:09.000Z"

    *_, ended, used = told(
        user("Do it", promptId="p1"),
        assistant({"type": "text"}, message=message),
        assistant(
            {"type": "text"}, message={**message, "stop_reason": "end_turn"}, timestamp=later
        ),
    )

    assert (ended["lifecycle"], ended["prompt_id"]) == ("prompt_end", "p1")
    assert ended["sent_at"] == AT_MS + 2000
    assert (used["lifecycle"], used["prompt_id"], used["sent_at"]) == ("usage", "p1", AT_MS)
    assert used["model"] == "claude-opus-5-5"
    assert used["input_tokens"] == 123
    assert (used["cache_read_tokens"], used["cache_creation_tokens"]) == (100, 20)
    assert used["output_tokens"] == 7


def test_a_sub_agents_file_is_its_own() -> None:
    """Its steps have its id and type; it begins with its first line and ends with its answer."""
    found = events(
        user("Look", isSidechain=True, promptId="p1"),
        assistant(call()),
        user([result()], isSidechain=True),
        assistant(message={"stop_reason": "end_turn"}),
        sub_agent=SubAgent("a1", "Explore"),
    )

    assert [each["hook_event_name"] for each in found] == [
        *["SubagentStart", "PreToolUse", "PostToolUse", "SubagentStop"]
    ]
    assert {(each["agent_id"], each["agent_type"]) for each in found} == {("a1", "Explore")}


def test_a_sub_agent_without_an_answer_has_not_ended() -> None:
    """It was killed, or still works."""
    found = events(user("Look"), assistant(call()), sub_agent=SubAgent("a1", None))

    assert [each["hook_event_name"] for each in found] == ["SubagentStart", "PreToolUse"]


def test_what_a_sub_agent_used_is_its_prompts() -> None:
    """All of a prompt is told at once, when the last file has been read."""
    transcript = Transcript()
    lines = [
        *transcript.read(
            iter([user("Do it", promptId="p1"), assistant(message=_used("m1", 5))]), None
        ),
        *transcript.read(
            iter([user("Look", promptId="p1"), assistant(message=_used("m2", 6))]),
            SubAgent("a1", None),
        ),
        *transcript.end(),
    ]

    used = [json.loads(line) for line in lines if b'"usage"' in line]
    assert [each["input_tokens"] for each in used] == [11]


def _used(message_id: str, tokens: int) -> Line:
    return {"id": message_id, "model": "m", "usage": {"input_tokens": tokens}}
