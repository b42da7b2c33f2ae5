"""What the daemon writes back: one line per ack or control line, and nothing unasked."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from traced.core.event import Outcome

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_encode: Final = msgspec.json.Encoder().encode
_encode_lines: Final = msgspec.json.Encoder().encode_lines


def encode_acks(outcomes: Sequence[Outcome]) -> bytes:
    """Return the acks of some lines, one line each: always the six keys of SPEC 3, in its order."""
    return _encode_lines(outcomes)


def encode_control(
    control: str, status: Literal["ok", "error"], more: Mapping[str, object] = _NOTHING
) -> bytes:
    """Return the answer to a control line: what was asked, how it went, and `more` keys."""
    return _encode({"control": control, "status": status, **more}) + b"\n"
