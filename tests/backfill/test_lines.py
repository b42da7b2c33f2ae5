"""Lines that tell of something afterwards."""

import json

from traced.backfill import lines


def test_a_life_line_holds_what_is_known() -> None:
    """Nulls are left out."""
    line = lines.life("codex", "s1", "prompt_end", 7, prompt_id="p1", model=None)

    assert json.loads(line) == {
        "v": 1,
        "ack": True,
        "imported": True,
        "agent": "codex",
        "session_id": "s1",
        "lifecycle": "prompt_end",
        "sent_at": 7,
        "prompt_id": "p1",
    }


def test_a_line_ends_and_is_ascii() -> None:
    """A half character stays the escape that it was."""
    line = lines.hook("claude-code", {"prompt": "é \ud800"}, 7)

    assert line.endswith(b'"prompt":"\\u00e9 \\ud800"}}\n')


def test_content_that_is_too_long_is_cut() -> None:
    """Of megabytes a summary needs the beginning; ids and names stay."""
    payload = {
        "tool_use_id": "toolu_1",
        "tool_input": {"content": "x" * lines.CONTENT_BYTES_MAX},
        "tool_response": "y" * lines.CONTENT_BYTES_MAX,
    }

    line = lines.hook("claude-code", payload, 7)

    kept = json.loads(line)["payload"]
    assert len(line) < lines.CONTENT_BYTES_MAX
    assert kept["tool_use_id"] == "toolu_1"
    assert kept["tool_input"].startswith('{"content": "xxx')
    assert kept["tool_response"] == "y" * lines.CUT_CHARS
