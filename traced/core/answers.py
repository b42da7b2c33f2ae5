"""What the daemon writes back: one line per ack or control line, and nothing unasked."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from traced.core.event import Outcome

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_encode: Final = msgspec.json.Encoder().encode


def encode_ack(outcome: Outcome) -> bytes:
    """Return the ack of one line: always the six keys of SPEC 3, in its order."""
    ack = {
        "event_id": outcome.event_id,
        "status": outcome.status,
        "session_id": outcome.session_id,
        "step_order": outcome.step_order,
        "error": outcome.error,
        "reason": outcome.reason,
    }
    return _encode(ack) + b"\n"


def encode_control(
    control: str, status: Literal["ok", "error"], more: Mapping[str, object] = _NOTHING
) -> bytes:
    """Return the answer to a control line: what was asked, how it went, and `more` keys."""
    return _encode({"control": control, "status": status, **more}) + b"\n"
