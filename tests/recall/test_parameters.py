"""What the tools may be asked with."""

import re
from typing import get_args

import msgspec
import pytest
from support.rows import SCHEMA

from traced.recall import parameters

REQUIRED: dict[type[msgspec.Struct], dict[str, str]] = {parameters.Search: {"text": "x"}}
KINDS = (parameters.Recent, parameters.Session, parameters.Search, parameters.Slowest)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_unknown_is_refused(kind: type[msgspec.Struct]) -> None:
    """A mistyped parameter is an error, not an answer without it."""
    with pytest.raises(msgspec.ValidationError, match="unknown field `sesion`"):
        msgspec.convert({"sesion": "s1"} | REQUIRED.get(kind, {}), kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_parameter_is_described(kind: type[msgspec.Struct]) -> None:
    """An agent reads of each parameter what it means."""
    _, components = msgspec.json.schema_components([kind])
    properties = components[kind.__name__]["properties"]

    assert [name for name, each in properties.items() if "description" not in each] == []


def test_types_and_statuses_are_those_of_steps() -> None:
    """What may be asked for is what the database may hold."""
    step = SCHEMA.read_text(encoding="utf-8").partition("CREATE TABLE step (")[2]
    checked = step.partition(") STRICT;")[0]

    types = set(re.findall(r"trace_type = '(\w+)'", checked))
    assert set(get_args(parameters.TraceType)) == types
    assert set(get_args(parameters.Status)) == set(re.findall(r"\bstatus = '(\w+)'", checked))
