"""What Claude Code's tools gave back, as far as a person wants to read it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traced.agents.claude_code_results import READERS, readable
from traced.core.redact import Redactor
from traced.core.summarise import summary

# Shapes of 2.0.76 and 2.1.330, cut short.
SHELL = {"stdout": "", "stderr": "", "interrupted": False, "isImage": False}
READ = {
    "type": "text",
    "file": {
        "filePath": "/a.md", "content": "# Demo", "numLines": 6, "startLine": 1, "totalLines": 6
    },
}  # fmt: skip
PART = {"file": {"numLines": 500, "startLine": 101, "totalLines": 4001, "content": "x"}}
ONE_LINE = {"file": {"numLines": 1, "startLine": 1, "totalLines": 1, "content": "x"}}
IMAGE = {"type": "image", "file": {"base64": "iVBORw0KGgo", "type": "image/png"}}
UNCHANGED = {"type": "file_unchanged", "file": {"filePath": "/a.md"}}
CREATED = {"type": "create", "filePath": "/n.txt", "content": "one\n", "structuredPatch": []}
EDITED = {
    "filePath": "/n.txt",
    "originalFile": "one\ntwo\n",
    "structuredPatch": [{"lines": [" one", "-two", "+2", "+3"]}, {"lines": ["-x"]}],
}
GREP = {"mode": "content", "numFiles": 0, "filenames": [], "content": "app.py:4:def main():"}
FILES = {"mode": "files_with_matches", "filenames": ["a.py", "b.py"], "numFiles": 2}
GLOB = {"filenames": ["/p/a.py"], "durationMs": 6, "numFiles": 1, "truncated": False}
NO_FILES = {"filenames": [], "durationMs": 6, "numFiles": 0, "truncated": False}
TODOS = {
    "oldTodos": [],
    "newTodos": [{"content": "Inspect", "status": "completed"}, {"status": "in_progress"}],
}
AGENT = {
    "status": "completed",
    "agentId": "acc831856ac4af89f",
    "content": [
        {"type": "text", "text": "<tools-used-before-summary>Bash</tools-used-before-summary>\n"},
        {"type": "text", "text": "Looks fine."},
    ],
}
ASYNC = {"isAsync": True, "status": "async_launched", "agentId": "a1", "prompt": "Review app.py."}


@pytest.mark.parametrize(
    ("tool_name", "response", "shown"),
    [
        ("Bash", SHELL | {"stdout": "hello"}, "hello"),
        ("Bash", SHELL | {"stdout": "out\n", "stderr": "warning"}, "out\nwarning"),
        ("Bash", SHELL | {"noOutputExpected": True}, None),
        ("Bash", SHELL | {"backgroundTaskId": "b0d0728"}, "runs in the background as b0d0728"),
        ("Bash", SHELL | {"stdout": "iVBORw0KGgo", "isImage": True}, "an image"),
        ("Read", READ, "6 lines"),
        ("Read", PART, "lines 101 to 600 of 4001"),
        ("Read", ONE_LINE, "1 line"),
        ("Read", IMAGE, "image"),
        ("Read", UNCHANGED, "file unchanged"),
        ("Write", CREATED, "created"),
        ("Write", EDITED, "updated: +2 -2"),
        ("Edit", EDITED, "updated: +2 -2"),
        ("Grep", GREP, "app.py:4:def main():"),
        ("Grep", FILES, "2 files\na.py\nb.py"),
        ("Glob", GLOB, "1 file\n/p/a.py"),
        ("Glob", NO_FILES, "nothing found"),
        ("TodoWrite", TODOS, "1 of 2 done"),
        ("Agent", AGENT, "Looks fine."),
        ("Task", AGENT, "Looks fine."),
        ("Agent", ASYNC, "async launched"),
        ("Skill", {"success": True, "commandName": "greet"}, "launched"),
        ("Skill", {"success": False}, "success=false"),
        ("Skill", {"success": True, "status": "forked", "result": "Three files."}, "Three files."),
        ("AskUserQuestion", {"questions": [], "answers": {"Which?": "A"}}, "Which?=A"),
        ("mcp__demo__add", [{"type": "text", "text": "sum = 42"}], "sum = 42"),
        ("Weird", {"a": 1}, "a=1"),
        ("Read", "a text", "a text"),
        ("Read", None, None),
    ],
)
def test_results_are_told_for_people(tool_name: str, response: object, shown: str | None) -> None:
    """SPEC 5: what came of it, not a dump of the file or the JSON around it."""
    assert summary(readable(tool_name, response), Redactor()) == shown


@pytest.mark.parametrize("tool_name", READERS)
def test_a_result_of_another_shape_stays_as_it_is(tool_name: str) -> None:
    """Shapes change within months: what is not known is told like any value."""
    response = {"shape": "of tomorrow"}

    assert readable(tool_name, response) == response


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
    max_leaves=5,
)
KEYS = (
    "stdout", "stderr", "isImage", "backgroundTaskId", "file", "type", "structuredPatch", "content",
    "filenames", "newTodos", "status", "success", "numLines", "startLine", "totalLines", "lines",
    "answers", "result",
)  # fmt: skip


@given(
    st.sampled_from(sorted(READERS)),
    st.dictionaries(
        st.sampled_from(KEYS),
        json_values | st.lists(st.dictionaries(st.sampled_from(KEYS), json_values)),
    ),
)
def test_no_result_is_an_error(tool_name: str, response: object) -> None:
    """Whatever the types of the known keys are."""
    readable(tool_name, response)


def test_a_search_that_found_very_much_is_cut() -> None:
    """No more names are looked at than can be shown."""
    found = readable("Glob", {"filenames": ["a.py"] * 100_000})

    assert isinstance(found, str)
    assert found.startswith("100000 files\n")
    assert len(found) < 1000
