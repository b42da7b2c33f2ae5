"""Lines of transcripts that hold what no agent was seen to write."""

import json
from collections.abc import Mapping

import pytest

from traced.backfill.claude_code import Transcript

COMMON = {"sessionId": "s1", "timestamp": "2026-11-22T14:16:07.000Z", "uuid": "u"}


def hooks(*lines: Mapping[str, object]) -> list[str]:
    """Return the hooks that the lines of a transcript of Claude Code become."""
    transcript = Transcript()
    told = [*transcript.read(iter([{**COMMON, **line} for line in lines]), None), *transcript.end()]
    found = map(json.loads, told)
    return [line["payload"]["hook_event_name"] for line in found if "payload" in line]


@pytest.mark.parametrize("odd", [[1], {"a": 1}, None, 0, "", "\ud800"], ids=ascii)
def test_a_reason_to_stop_may_be_anything(odd: object) -> None:
    """What is not understood is passed over."""
    call = {"type": "tool_use", "id": "c1", "name": "Bash", "input": {}}
    message = {"content": [call], "stop_reason": odd}

    assert hooks({"type": "assistant", "message": message}) == ["PreToolUse"]


@pytest.mark.parametrize(
    "piece",
    ["</command-message>    ", "<command-message></command-message><command-name>"],
    ids=["ends", "names"],
)
@pytest.mark.timeout(20)
def test_what_looks_like_many_commands_takes_no_longer_than_it_is(piece: str) -> None:
    """A prompt of a megabyte is read at once; by a pattern that tries every end it took hours."""
    message = {"content": "<command-message>" + piece * 20_000}

    assert hooks({"type": "user", "message": message}) == ["UserPromptSubmit"]
