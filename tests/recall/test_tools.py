"""How a tool is called, whoever calls it."""

import json
from pathlib import Path

import pytest
from support.rows import Recording

from traced.core.errors import StoreError, TracedError
from traced.recall.tools import TOOLS


def test_schemas_are_objects_that_say_all() -> None:
    """Each schema has an object at its root; what an agent sends beyond it is refused."""
    for tool in TOOLS.values():
        assert tool.input_schema["type"] == tool.output_schema["type"] == "object"
        assert tool.input_schema["additionalProperties"] is False


def test_models_send_null_and_numbers_as_text(recording: Recording) -> None:
    """Null is as if nothing was given, and "1" is 1, for that is how some models call."""
    pk = recording.session()
    recording.step(pk, 1)
    recording.step(pk, 2)

    found = TOOLS["recent"].call(recording.path, {"limit": "1", "agent": None})

    assert [step["step_order"] for step in json.loads(found)["steps"]] == [2]


def test_lone_surrogates_find_nothing(recording: Recording) -> None:
    """Text that SQLite cannot take is looked for as what it would have been stored as."""
    recording.step(recording.session(), 1)

    assert json.loads(TOOLS["recent"].call(recording.path, {"name": "\ud800"})) == {"steps": []}


def test_wrong_arguments_are_named(recording: Recording) -> None:
    """An error says of which argument it is, and what was expected."""
    with pytest.raises(TracedError, match=r"for recent: Expected `int` <= 100 - at `\$.limit`"):
        TOOLS["recent"].call(recording.path, {"limit": 1000})
    with pytest.raises(
        TracedError, match=r"`id`, expected text, limit, agent, trace_type, before$"
    ):
        TOOLS["search"].call(recording.path, {"text": "x", "id": "s1"})


def test_no_database_is_told(tmp_path: Path) -> None:
    """Before anything is recorded the answer is how to begin."""
    with pytest.raises(StoreError, match=r"no database at .*: create it with"):
        TOOLS["recent"].call(tmp_path / "traced.db", {})
