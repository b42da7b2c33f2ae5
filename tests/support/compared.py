"""The rows of the real side beside those of the model."""

from collections.abc import Mapping
from typing import Any

from support import model_rows
from support.model import Row, Session
from support.told import Key

Rows = Mapping[str, list[Row]]
# Given by the order of recording alone, and looked at by `check_revisions`.
RECORDING = {"id", "revision"}


def check_rows(found: Rows, models: Mapping[Key, Session], *, content: bool) -> None:
    """Fail where a public row is not the model's."""
    known = {key: model for key, model in models.items() if model.told}
    by_key = {(row["agent"], row["session_id"]): row for row in found["sessions"]}
    assert by_key.keys() == known.keys(), by_key.keys() ^ known.keys()
    for key, model in known.items():
        steps = {row["step_order"]: _shown(row) for row in _of(found["execution_traces"], key)}
        _check(steps, model_rows.execution_traces(model, content=content))
        numbered = {row["prompt_number"]: row for row in _of(found["prompts"], key)}
        _check(numbered, model_rows.prompts(model))
        agents = {row["agent_id"]: row for row in _of(found["agents"], key)}
        _check(agents, model_rows.agents(model))
        _check({key: by_key[key]}, {key: model_rows.sessions(model)})


def _check(found: Mapping[Any, Row], expected: Mapping[Any, Row]) -> None:
    assert found.keys() == expected.keys(), (found.keys(), expected.keys())
    different = [
        f"{key}: {column} is {value!r}, expected {expected[key][column]!r}"
        for key, row in found.items()
        for column, value in row.items()
        if value != expected[key][column]
    ]
    assert not different, different


def check_revisions(before: list[Row], after: list[Row]) -> None:
    """Fail where a row is new or changed and its revision is not above all that were before."""
    highest = max((row["revision"] for row in before), default=0)
    known = {row["id"]: row for row in before}
    for row in after:
        old = known.get(row["id"])
        assert (old is not None and _shown(old) == _shown(row)) or row["revision"] > highest, row
    assert len({row["revision"] for row in after}) == len(after)
    assert known.keys() <= {row["id"] for row in after}


def same_in_any_order(rows: Rows) -> dict[str, list[Row]]:
    """Return what of the public rows depends on which events came, never on their order."""
    by_recording = RECORDING | {"step_order", "created_at", "created_at_epoch", "event_id"}
    same = {
        relation: [
            {name: value for name, value in row.items() if name not in by_recording} for row in each
        ]
        for relation, each in rows.items()
    }
    for row in same["agents"]:
        if row["started_at"] is None and row["status"] != "ok":
            del row["status"]
    return {relation: sorted(each, key=repr) for relation, each in same.items()}


def _of(rows: list[Row], key: Key) -> list[Row]:
    return [row for row in rows if (row["agent"], row["session_id"]) == key]


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in RECORDING}
