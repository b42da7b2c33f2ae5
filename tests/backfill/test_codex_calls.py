import pytest

from traced.backfill.calls import Call
from traced.backfill.codex_calls import Ending, call_of, ending_of


def function(name: str, arguments: str = "{}", **more: object) -> dict[str, object]:
    """Return a call as the model makes it."""
    return {"type": "function_call", "call_id": "c", "name": name, "arguments": arguments, **more}


@pytest.mark.parametrize(
    ("item", "tool_name", "tool_input"),
    [
        (function("exec_command", '{"cmd":"ls","workdir":"/p"}'), "Bash", {"command": "ls"}),
        (function("shell", '{"command":["bash","-lc","a|b"]}'), "Bash", {"command": "a|b"}),
        (function("shell", '{"command":["git","commit","-m","a b"]}'), "Bash",
         {"command": "git commit -m 'a b'"}),
        (function("shell_command", '{"command":"ls"}'), "Bash", {"command": "ls"}),
        (function("add", '{"a":1}', namespace="mcp__demo"), "mcp__demo__add", {"a": 1}),
        (function("add", '{"a":1}', namespace="mcp__demo__"), "mcp__demo__add", {"a": 1}),
        (function("mcp__demo__add", '{"a":1}'), "mcp__demo__add", {"a": 1}),
        (function("spawn_agent", '{"message":"m"}', namespace="multi_agent_v1"), "spawn_agent",
         {"message": "m"}),
        (function("wait_agent", "{}", namespace="multi_agent_v1"), "multi_agent_v1wait_agent", {}),
        (function("view_image", "not json"), "view_image", "not json"),
        (function("view_image", ""), "view_image", None),
        ({"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": "*** Begin"},
         "apply_patch", {"command": "*** Begin"}),
    ],
)  # fmt: skip
def test_a_call_has_the_name_and_input_that_its_hooks_give(
    item: dict[str, object], tool_name: str, tool_input: object
) -> None:
    """Commands are Bash, MCP tools are named with their server."""
    assert call_of(item) == Call("c", tool_name, tool_input)


@pytest.mark.parametrize(
    "item",
    [
        {"type": "message", "call_id": "c"},
        {"type": "function_call", "name": "shell"},
        {"type": "function_call", "call_id": "c"},
        {"type": "custom_tool_call", "call_id": "c"},
    ],
)
def test_other_items_are_no_calls(item: dict[str, object]) -> None:
    """Nor is one without its id or name."""
    assert call_of(item) is None


@pytest.mark.parametrize(
    ("ran", "ending"),
    [
        ({"type": "CommandExecution", "aggregated_output": "hi\n", "exit_code": 0}, Ending("hi\n")),
        ({"type": "CommandExecution", "aggregated_output": "no\n", "exit_code": 3},
         Ending(None, "Exit code 3\nno")),
        ({"type": "McpToolCall", "status": "completed", "result": {"content": []}},
         Ending({"content": []})),
        ({"type": "McpToolCall", "status": "failed",
          "result": {"content": [{"type": "text", "text": "no luck"}]}}, Ending(None, "no luck")),
        ({"type": "McpToolCall", "status": "failed", "result": None}, Ending(None, "told")),
        ({"type": "FileChange", "status": "completed"}, Ending("told")),
        ({"type": "FileChange", "status": "failed", "stderr": "no such file"},
         Ending(None, "no such file")),
        ({"type": "Other"}, Ending("told")),
    ],
)  # fmt: skip
def test_what_codex_noted_of_the_running_tells_how_it_ended(
    ran: dict[str, object], ending: Ending
) -> None:
    """The model is told less, in words."""
    assert ending_of("told", ran) == ending


def test_an_interrupted_call_is_told_as_such() -> None:
    """Whatever was noted of it."""
    told = "Wall time: 2.7 seconds\naborted by user"
    ran = {"type": "CommandExecution", "exit_code": -1}

    assert ending_of(told, ran) == Ending(None, told, is_interrupt=True)


def test_a_command_that_prints_such_words_is_none() -> None:
    """They are the last ones only where Codex says them."""
    assert ending_of("aborted by user\nbut went on", None) == Ending("aborted by user\nbut went on")


@pytest.mark.parametrize("code", [[0], {}, "1"], ids=repr)
def test_an_exit_code_may_be_anything(code: object) -> None:
    """What is no zero is an error."""
    found = ending_of("out", {"type": "CommandExecution", "exit_code": code})

    assert found.error == f"Exit code {code}"


@pytest.mark.parametrize(
    "told",
    ["Exit code: 1\n" * 50_000, "aborted by user" + " " * 100_000 + "\n x"],
    ids=["heads", "blanks"],
)
@pytest.mark.timeout(20)
def test_output_that_looks_like_a_head_takes_no_longer_than_it_is(told: str) -> None:
    """A command may print anything."""
    assert ending_of(told, None).error is None
