"""
What Codex's rollouts say about calls, in the form of its hook payloads.

Law: a call has the tool name and the input that its hooks would give it. How it ended is taken from
what Codex noted of the running, where it did, else from what the model was told.
Facts: tests/fixtures/codex/0.169.0/rollouts; older forms: codex-rs, rollout and protocol.
"""

import re
import shlex
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from traced.agents.fields import mapping, text
from traced.backfill.calls import Call
from traced.backfill.fields import readable
from traced.core.errors import Malformed
from traced.core.json_text import decode_json

Item = Mapping[str, object]

# The tools that hooks call Bash, and where each has its command.
SHELLS: Final = {
    "exec_command": "cmd", "shell": "command", "shell_command": "command",
    "container.exec": "command", "local_shell": "command",
}  # fmt: skip
LAUNCH: Final = "spawn_agent"
MCP: Final = "mcp__"
UNSUPPORTED: Final = "unsupported call: "
ABORTED: Final = re.compile(r"(?:\A|\n)aborted by user[^\n]*(?:\n\s*)?\Z")
# What the model reads above the output of a command, with a line or two more in between.
HEAD: Final = re.compile(
    r"(?:\A|\n)(?:Process exited with code|Exit code:) (?P<code>-?\d+)\n(?:[^\n]*\n){0,8}?Output:\n"
)


class Ending(Struct, frozen=True):
    """What came of a call; with an `error` it failed."""

    response: object
    error: str | None = None
    is_interrupt: bool = False


def call_of(item: Item) -> Call | None:
    """Return the call that an item of the model's response makes, None if it is no call."""
    call_id = text(item, "call_id")
    if call_id is None:
        return None
    match item.get("type"):
        case "function_call":
            name = text(item, "name")
            return None if name is None else _function(call_id, name, item)
        case "custom_tool_call":
            name = text(item, "name")
            return None if name is None else Call(call_id, name, {"command": item.get("input")})
        case "local_shell_call":
            command = _command(mapping(item, "action").get("command"))
            return Call(call_id, "Bash", {"command": command})
    return None


def ending_of(output: object, ran: Item | None) -> Ending:
    """Return what came of a call: of what the model was told, and what Codex noted, if it did."""
    told = readable(output)
    if ABORTED.search(told):
        return Ending(None, told, is_interrupt=True)
    match ran and ran.get("type"):
        case "CommandExecution" if ran is not None:
            return _of_command(text(ran, "aggregated_output") or "", ran.get("exit_code"))
        case "McpToolCall" if ran is not None:
            result = mapping(ran, "result")
            failed = ran.get("status") == "failed"
            said = readable(result.get("content")) or told
            return Ending(None, said) if failed else Ending(result or told)
        case "FileChange" if ran is not None and ran.get("status") != "completed":
            return Ending(None, text(ran, "stderr") or told)
        case "FileChange":
            return Ending(told)
    return _of_told(output, told)


def _function(call_id: str, name: str, item: Item) -> Call:
    space = text(item, "namespace") or ""
    told = _decoded(text(item, "arguments"))
    if name in SHELLS and not space and isinstance(told, dict):
        return Call(call_id, "Bash", {"command": _command(told.get(SHELLS[name]))})
    if name == LAUNCH:
        return Call(call_id, name, told)
    joint = "__" if space.startswith(MCP) and not space.endswith("__") else ""
    return Call(call_id, f"{space}{joint}{name}", told)


def _command(told: object) -> object:
    """Return a command as it would be typed; older versions give its words."""
    words = [each for each in told if isinstance(each, str)] if isinstance(told, list) else []
    match words:
        case []:
            return told
        case [_, "-lc" | "-c", script]:
            return script
    return shlex.join(words)


def _of_command(said: str, code: object) -> Ending:
    if code is None or code == 0:
        return Ending(said)
    return Ending(None, f"Exit code {code}\n{said}".rstrip())


def _of_told(output: object, told: str) -> Ending:
    if told.startswith(UNSUPPORTED) or (
        isinstance(output, dict) and output.get("success") is False
    ):
        return Ending(None, told)
    if head := HEAD.search(told):
        return _of_command(told[head.end() :], int(head["code"]))
    known = _decoded(told)  # until 2025 a command's output came in JSON
    if isinstance(known, dict) and isinstance(known.get("output"), str) and "metadata" in known:
        return _of_command(known["output"], mapping(known, "metadata").get("exit_code"))
    return Ending(told)


def _decoded(told: str | None) -> object:
    if told is None:
        return None
    try:
        return decode_json(told.encode("utf-8", "replace"))
    except Malformed:
        return told
