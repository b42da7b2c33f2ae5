"""
Why an object is no line of the protocol, told to its sender.

Law: a detail names the field, what was read and what was expected; a later version of the protocol
is reported first, because everything else may be right in that version.
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from traced.core.checks import EXPECTED, wrong_type
from traced.core.event import Rejected
from traced.core.json_text import (
    decode_outline,
    nested_too_deep,
    no_json,
    replace_lone_surrogates,
    replace_nul,
)
from traced.core.rejections import Rejections
from traced.core.row_flaws import wrong_column
from traced.core.wire import CONTROL_CHARS_MAX, Control, ControlLine

_KINDS: Final = "trace_type, payload, lifecycle, row, control, hook_event_name"
_VERSION_SHOWN_MAX: Final = 999_999_999
_members: Final = msgspec.json.Decoder(dict[str, Raw]).decode


def wrong(
    rejections: Rejections, text: bytes, kind: type[Struct], field: str | None = None
) -> Control | Rejected:
    """
    Say what is wrong with a line of this kind; `field` is what is, where all types are right.

    A control line is answered, not rejected: its sender waits for that.

    Raises:
        Malformed: If it is nested too deep to be looked at.
    """
    record = _object(text)
    reason, detail = "version", _newer(record)
    if not detail:
        reason, detail = "bad_field", _flaw(rejections, field or wrong_type(kind, record), record)
    control = record.get("control")
    if kind is ControlLine and isinstance(control, str) and len(control) <= CONTROL_CHARS_MAX:
        return Control(control, detail)
    return rejections.reject(reason, detail, text, record)


def unknown(rejections: Rejections, text: bytes) -> Rejected:
    """
    Say that nothing tells what kind of line this is.

    Raises:
        Malformed: If it is nested too deep to be looked at.
    """
    record = _object(text)
    if detail := _newer(record):
        return rejections.reject("version", detail, text, record)
    names = ", ".join(key or repr(key) for key in record)
    keys = f"keys are {rejections.text(names)}" if record else "no keys"
    return rejections.reject("unknown_kind", f"{keys}, expected one of {_KINDS}", text, record)


def _flaw(rejections: Rejections, field: str | None, record: dict[str, object]) -> str:
    row = record.get("row")
    if field == "row" and isinstance(row, dict) and (flaw := wrong_column(row)):
        column, expected = flaw
        read = rejections.value(row[column]) if column in row else "missing"
        return f"row.{column} is {read}, expected {expected}"
    if field is None:
        return "a key is there twice, first with a wrong value"
    read = rejections.value(record[field]) if field in record else "missing"
    return f"{field} is {read}, expected {EXPECTED[field]}"


def _newer(record: dict[str, object]) -> str:
    """Say which later version of the protocol a line speaks; empty for this one."""
    version = record.get("v")
    if not isinstance(version, int) or isinstance(version, bool) or version <= 1:
        return ""
    shown = version if version <= _VERSION_SHOWN_MAX else f"over {_VERSION_SHOWN_MAX}"
    return f"v is {shown}, expected 1"


def _object(text: bytes) -> dict[str, object]:
    """
    Read an object as far as it may be told of: its outline, its payload's and its row's.

    Read as a whole, 8 MiB of empty arrays would hold everybody up for a second.
    """
    try:
        members = _members(replace_lone_surrogates(replace_nul(text)))
        record = _outlines(members)
        if isinstance(record.get("payload"), dict):
            record["payload"] = _outlines(_members(members["payload"]))
        if isinstance(record.get("row"), dict):
            columns = _members(members["row"]).items()
            record["row"] = {name: decode_outline(bytes(raw)) for name, raw in columns}
    except RecursionError:
        raise nested_too_deep(len(text)) from None
    except msgspec.MsgspecError as error:
        raise no_json(error, text) from None
    return record


def _outlines(members: dict[str, Raw]) -> dict[str, object]:
    return {
        key: decode_outline(bytes(raw)) if key in EXPECTED else None for key, raw in members.items()
    }
