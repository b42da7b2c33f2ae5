"""
What is kept of a line that cannot be accepted, and how that is reported.

Law: nothing leaves this room unredacted, and what is cut was redacted before, so that no cut goes
through a secret. In capture mode ``metadata`` neither text nor value is kept.
"""

import json
from typing import Final, Protocol

from traced.core.checks import CONTROLS
from traced.core.ends import known_keys
from traced.core.event import Rejected

RAW_BYTES_MAX: Final = 64 * 1024
HEAD_BYTES_KEPT: Final = 4096
TAIL_BYTES_KEPT: Final = 1024
SECRET_BYTES_MAX: Final = 16 * 1024
"""The longest secret that is sure to be seen whole; a private key of 8192 bits has 6.4 KiB."""

_ACK_PREFIX: Final = b'{"v":1,"ack":true'
_VALUE_CHARS_MAX: Final = 80
_CUT: Final = "…"
_TYPES: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


class RawCapture(Protocol):
    """Says what may be kept of bytes that need be neither JSON nor text; it can change any time."""

    @property
    def keeps_content(self) -> bool:
        """Whether anything of what was sent may be kept."""
        ...

    def raw(self, data: bytes, /) -> bytes:
        """Return the bytes with their secrets replaced."""
        ...


class Rejections:
    """Makes `Rejected` records and shows values in them, as far as `capture` lets it."""

    __slots__ = ("_capture",)

    def __init__(self, capture: RawCapture) -> None:
        self._capture = capture

    def reject(
        self, reason: str, detail: str, line: bytes, record: dict[str, object] | None = None
    ) -> Rejected:
        """
        Record a line that is held whole.

        `record` is the line as an object, where it is one: whose it is and whether it wants an ack
        is read there. Any other line tells the first at its start if at all, and wants an ack only
        if it begins so.
        """
        raw = (
            self._start_of(line, RAW_BYTES_MAX, len(line)) if self._capture.keeps_content else None
        )
        if record is None:
            ack = line.startswith(_ACK_PREFIX)
            record = known_keys(line[:HEAD_BYTES_KEPT])
        else:
            ack = record.get("ack") is True
        return self._record(reason, detail, raw, len(line), ack, record)

    def reject_long(self, detail: str, head: bytes, tail: bytes, length: int) -> Rejected:
        """
        Record a line of which only the start and the end are held, as ``too_long``.

        `head` and `tail` reach `SECRET_BYTES_MAX` further than what is kept of them.
        """
        raw = None
        if self._capture.keeps_content:
            start = self._start_of(head, HEAD_BYTES_KEPT, length)
            raw = start + b" \xe2\x80\xa6 " + self._end_of(tail, TAIL_BYTES_KEPT, length)
        return self._record(
            "too_long", detail, raw, length, head.startswith(_ACK_PREFIX), known_keys(head)
        )

    def value(self, value: object) -> str:
        """Show a JSON value in a detail: redacted, escaped, cut; or its type only."""
        if self._capture.keeps_content:
            if isinstance(value, str):
                return f'"{self.text(value)}"'
            if isinstance(value, bool | int | float):
                return self.text(json.dumps(value))
        return type_name(value)

    def text(self, text: str) -> str:
        """Show a text of the line in a detail: redacted, escaped, cut; or its length only."""
        if not self._capture.keeps_content:
            return f"{len(text)} characters"
        data = text.encode(errors="replace")
        shown = self._start_of(data, 4 * _VALUE_CHARS_MAX, len(data)).decode(errors="ignore")
        cut = _CUT if len(shown) > _VALUE_CHARS_MAX else ""
        return "".join(map(_escape, shown[:_VALUE_CHARS_MAX])) + cut

    def _start_of(self, data: bytes, bytes_max: int, length: int) -> bytes:
        """
        Redact the start of `length` bytes and cut it.

        Only as much is redacted as can matter. Where that window ends inside a secret, the half
        of it that nobody recognises lies in the window's last bytes: they are dropped.
        """
        window = data[: bytes_max + SECRET_BYTES_MAX]
        redacted = self._capture.raw(window)
        if len(window) < length:
            redacted = redacted[:-SECRET_BYTES_MAX]
        return redacted[:bytes_max]

    def _end_of(self, data: bytes, bytes_max: int, length: int) -> bytes:
        """Redact the end of `length` bytes and cut it: `_start_of` seen from behind."""
        window = data[-bytes_max - SECRET_BYTES_MAX :]
        redacted = self._capture.raw(window)
        if len(window) < length:
            redacted = redacted[SECRET_BYTES_MAX:]
        return redacted[-bytes_max:]

    @staticmethod
    def _record(
        reason: str,
        detail: str,
        raw: bytes | None,
        length: int,
        ack: bool,  # noqa: FBT001
        record: dict[str, object],
    ) -> Rejected:
        payload = record.get("payload")
        owner = payload if isinstance(payload, dict) else record
        session_id = owner.get("session_id", owner.get("sdk_session_id"))
        return Rejected(
            reason=reason,
            detail=detail,
            raw=raw,
            length=length,
            agent=_name(record.get("agent"), 256),
            session_id=_name(session_id, 256),
            event_id=_name(record.get("event_id"), 128),
            ack=ack,
        )


def type_name(value: object) -> str:
    """Name the type of a JSON value as a person would."""
    return _TYPES.get(type(value), "a value")


def _name(value: object, chars_max: int) -> str | None:
    if isinstance(value, str) and 1 <= len(value) <= chars_max and not CONTROLS.search(value):
        return value
    return None


def _escape(char: str) -> str:
    return char if char.isprintable() and char not in '"\\' else json.dumps(char)[1:-1]
