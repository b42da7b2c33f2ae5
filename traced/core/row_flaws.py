"""
Why an object is no row of an export, told to whoever gives it back.

Law: the column is named with what it is and what was expected; each type of a column has its words.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, get_args

import msgspec

from traced.core.checks import CONTROLS, EXPECTED, wrong_type
from traced.core.exported import (
    Exported,
    ExportedRow,
    Milliseconds,
    Name,
    Order,
    Text,
    Uid,
    UnixMs,
)
from traced.core.times import MS_MAX
from traced.core.words import AgentStatus, PromptSource, StepStatus, TraceType

KINDS: Final[Mapping[object, type[ExportedRow]]] = MappingProxyType(
    {kind.__struct_config__.tag: kind for kind in get_args(Exported)}
)
_WORDS: Final = (AgentStatus, PromptSource, StepStatus, TraceType)
_EXPECTED: Final[Mapping[object, str]] = MappingProxyType(
    {
        Name: "a string of 1 to 256 characters",
        Text: "a string of up to 8192 characters",
        str: "a string",
        Order: f"an integer from 0 to {2**53}",
        UnixMs: f"Unix milliseconds from 0 to {MS_MAX}",
        Milliseconds: "a number of milliseconds, 0 or more",
        Uid: f"an integer from 0 to {2**32 - 1}",
        **{words: " or ".join(get_args(words)) for words in _WORDS},
    }
)


def wrong_column(row: Mapping[str, object]) -> tuple[str, str] | None:
    """Return the first column of a row that is wrong, and what was expected; None if none is."""
    tag = row.get("kind")
    kind = KINDS.get(tag) if isinstance(tag, str) else None
    if kind is None:
        return "kind", " or ".join(map(str, KINDS))
    if (column := wrong_type(kind, dict(row))) is not None:
        return column, expected_in(kind, column)
    session_id = row.get("session_id")
    if isinstance(session_id, str) and CONTROLS.search(session_id):
        return "session_id", EXPECTED["session_id"]
    return None


def expected_in(kind: type[ExportedRow], column: str) -> str:
    """Return what a column of this kind of row may be."""
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    type_ = fields[column]
    alone = [each for each in get_args(type_) if each in _EXPECTED]
    return _EXPECTED[type_ if type_ in _EXPECTED else alone[0]]
