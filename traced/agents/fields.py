"""
Reading hook payloads: JSON that other programs wrote and may change tomorrow.

Law: a key that is absent, null or of another type is None; only what makes an event meaningless
without it is required, and then the refusal names it.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from traced.core.errors import Malformed
from traced.core.json_text import encode_json
from traced.core.rejections import type_name
from traced.core.summarise import clean, cut

Payload = Mapping[str, object]

# SPEC 3.1: ids and names have 1 to 256 characters.
NAME_CHARS_MAX: Final = 256
DIGEST_CHARS: Final = 16
NUMBER_END: Final = 2**63
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def text(payload: Payload, key: str) -> str | None:
    """Return a non-empty string as it stands, else None."""
    value = payload.get(key)
    return value if isinstance(value, str) and value else None


def name(payload: Payload, key: str) -> str | None:
    """Return a non-empty string fit for a name or an id: clean, at most 256 characters."""
    value = payload.get(key)
    if not isinstance(value, str) or not value:
        return None
    if len(value) <= NAME_CHARS_MAX and value.isprintable():  # nearly all; six in an event
        return value
    return cut(clean(value), NAME_CHARS_MAX)


def identity(payload: Payload, key: str) -> str | None:
    """Return a non-empty string fit for an id: as `name`, and two that differ still do when cut."""
    value = payload.get(key)
    if isinstance(value, str) and len(value) > NAME_CHARS_MAX:
        return cut(clean(value), NAME_CHARS_MAX - DIGEST_CHARS) + digest(value)
    return name(payload, key)


def required(payload: Payload, key: str) -> str:
    """
    Return a name that the event cannot do without.

    Raises:
        Malformed: If it is absent, empty or no string.
    """
    return _required(payload, key, name(payload, key))


def required_identity(payload: Payload, key: str) -> str:
    """
    Return an id that the event cannot do without.

    Raises:
        Malformed: If it is absent, empty or no string.
    """
    return _required(payload, key, identity(payload, key))


def _required(payload: Payload, key: str, value: str | None) -> str:
    if value is None:
        raise Malformed(
            "bad_field", f"{key} is {_shown(payload, key)}, expected a non-empty string"
        )
    return value


def session_id_of(payload: Payload) -> str:
    """
    Return the session's id: 1 to 256 characters, none of them a control character.

    Raises:
        Malformed: If it is absent or anything else.
    """
    value = payload.get("session_id")
    if not isinstance(value, str):
        shown = _shown(payload, "session_id")
        raise Malformed("bad_field", f"session_id is {shown}, expected a string")
    if not 1 <= len(value) <= NAME_CHARS_MAX:
        raise Malformed(
            "bad_field",
            f"session_id has {len(value)} characters, expected 1 to {NAME_CHARS_MAX}",
        )
    if control := CONTROL.search(value):
        raise Malformed(
            "bad_field",
            f"session_id has U+{ord(control[0]):04X} at character {control.start()},"
            " expected no control characters",
        )
    return clean(value)


def number(payload: Payload, key: str) -> float | None:
    """Return a number that is not negative and fits in 64 bits, else None."""
    value = payload.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < NUMBER_END else None


def mapping(payload: Payload, key: str) -> Payload:
    """Return an object, else an empty one."""
    value = payload.get(key)
    return value if isinstance(value, dict) else {}


def digest(*parts: object) -> str:
    """Return 16 hex digits that stand for some JSON values, whatever the order of their keys."""
    return _digest(parts).hex()


def match_key(agent_id: str | None, tool_name: str, tool_input: object) -> int:
    """Return a 64-bit number that stands for the caller, the tool and its input."""
    return int.from_bytes(_digest((agent_id, tool_name, tool_input)), "big", signed=True)


def _digest(parts: tuple[object, ...]) -> bytes:
    return blake2b(encode_json(parts, sort_keys=True).encode(), digest_size=8).digest()


def _shown(payload: Payload, key: str) -> str:
    # The value itself may be content, which a detail must not hold in every mode.
    if key not in payload:
        return "missing"
    return "empty" if payload[key] == "" else type_name(payload[key])
