"""
Complete lines in, items out.

Law: every line is judged alone. Neither its neighbours, nor how the bytes were cut on their way,
nor what came before it on its connection changes what becomes of it.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Raw, Struct

from traced.core.checks import settle, settle_native
from traced.core.errors import Malformed
from traced.core.event import Rejected
from traced.core.flaws import unknown, wrong
from traced.core.json_text import (
    NUL_ESCAPE,
    check_json,
    check_utf8,
    decode_outline,
    is_utf8,
    nested_too_deep,
    replace_lone_surrogates,
    replace_nul,
)
from traced.core.rejections import Rejections, type_name
from traced.core.wire import (
    Control,
    ControlLine,
    Envelope,
    ExportedLine,
    HookPayload,
    Item,
    LifeLine,
    NativeEvent,
)

_BOM: Final = b"\xef\xbb\xbf"
# RecursionError is no MsgspecError; ValueError covers that and UnicodeDecodeError.
_REFUSED: Final = (ValueError, RecursionError)


class _Keys(Struct, gc=False):
    """The keys that tell a line's kind; an empty value is a key that is not there."""

    trace_type: Raw = Raw()
    payload: Raw = Raw()
    row: Raw = Raw()
    lifecycle: Raw = Raw()
    control: Raw = Raw()
    hook_event_name: Raw = Raw()
    name: Raw = Raw()
    session_id: Raw = Raw()
    sdk_session_id: Raw = Raw()


_KEYS: Final = msgspec.json.Decoder(_Keys)
_NATIVE: Final = msgspec.json.Decoder(NativeEvent)
_LIFE: Final = msgspec.json.Decoder(LifeLine)
_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_EXPORTED: Final = msgspec.json.Decoder(ExportedLine)
_CONTROL: Final = msgspec.json.Decoder(ControlLine)

_KindDecoder = (
    msgspec.json.Decoder[NativeEvent]
    | msgspec.json.Decoder[Envelope]
    | msgspec.json.Decoder[LifeLine]
    | msgspec.json.Decoder[ExportedLine]
    | msgspec.json.Decoder[ControlLine]
)


class LineDecoder:
    """
    Decodes the lines of one connection.

    It remembers which of the two common kinds came last, to try that one first. The shortcut cannot
    misjudge a line: a native event has a `trace_type`, which beats every other kind, and an
    `Envelope` with one is refused.
    """

    # Not Decoder.decode_lines, although it saves 0.3 µs per event: it takes two objects on one line
    # and one object on two lines, so that the cut of a chunk would decide about them.

    __slots__ = ("_rejections", "_shortcut")

    def __init__(self, rejections: Rejections) -> None:
        self._rejections = rejections
        # Most connections bring one line: that of a hook client.
        self._shortcut: _Shortcut | None = _envelope

    def decode(self, lines: bytes) -> list[Item]:
        """Return what complete lines hold, in order; blank lines hold nothing."""
        items: list[Item] = []
        all_plain = _is_plain(lines)
        for line in lines.split(b"\n"):
            item: Item | None = None
            if self._shortcut is not None and (all_plain or _is_plain(line)):
                item = self._shortcut(line)
            if item is None:
                item = self._line(line)
            if item is not None:
                items.append(item)
        return items

    def _line(self, line: bytes) -> Item | None:
        text = line.removeprefix(_BOM).strip(b" \t\r")
        if not text:
            return None
        try:
            text, keys = _open(text)
            item = self._of_kind(text, keys)
        except Malformed as flaw:
            return self._rejections.reject(flaw.reason, flaw.detail, text)
        if not isinstance(item, Rejected):
            self._shortcut = _SHORTCUTS.get(type(item))
        return item

    def _of_kind(self, text: bytes, keys: _Keys) -> Item:
        decoder: _KindDecoder
        if keys.trace_type:
            decoder = _NATIVE
        elif keys.payload:
            decoder = _ENVELOPE
        elif keys.lifecycle:
            decoder = _LIFE
        elif keys.row:
            decoder = _EXPORTED
        elif keys.control:
            decoder = _CONTROL
        elif keys.hook_event_name:
            return HookPayload(text)
        elif keys.name and (keys.session_id or keys.sdk_session_id):
            decoder = _NATIVE  # it lacks a trace_type, and will be told so
        else:
            return unknown(self._rejections, text)
        return self._typed(text, decoder)

    def _typed(self, text: bytes, decoder: _KindDecoder) -> Item:
        try:
            line = decoder.decode(text)
        except RecursionError:
            raise nested_too_deep(len(text)) from None
        except msgspec.MsgspecError:
            return wrong(self._rejections, text, decoder.type)
        if (field := settle(line)) is not None:
            return wrong(self._rejections, text, decoder.type, field)
        if NUL_ESCAPE.search(text):
            line = decoder.decode(replace_nul(text))
            settle(line)
        if isinstance(line, ControlLine):
            limits = line.age_ms_max, line.bytes_max
            return Control(line.control, None, line.db, *limits, line.rejected_ids)
        return line


def _is_plain(text: bytes) -> bool:
    """Tell whether all of it is UTF-8, where msgspec does not look too, and none is U+0000."""
    return is_utf8(text) and NUL_ESCAPE.search(text) is None


def _native(line: bytes) -> NativeEvent | None:
    """Decode a plain line that is a native event without flaw, as nearly all are."""
    try:
        event = _NATIVE.decode(line)
    except _REFUSED:
        return None
    return event if settle_native(event) is None else None


def _envelope(line: bytes) -> Envelope | None:
    """Decode a plain line that is an envelope without flaw."""
    try:
        envelope = _ENVELOPE.decode(line)
    except _REFUSED:
        return None
    return envelope if settle(envelope) is None else None


_Shortcut = Callable[[bytes], NativeEvent | Envelope | None]
_SHORTCUTS: Final[dict[type, _Shortcut]] = {NativeEvent: _native, Envelope: _envelope}


def _open(text: bytes) -> tuple[bytes, _Keys]:
    """
    Return the text, made decodable if it holds half characters, and its keys.

    Raises:
        Malformed: If it is no UTF-8, no JSON, or no object.
    """
    check_utf8(text)
    try:
        keys = _keys(text)
        if keys is None:
            text = replace_lone_surrogates(text)
            keys = _keys(text)
    except RecursionError:
        raise nested_too_deep(len(text)) from None
    if keys is not None:
        return text, keys
    check_json(text)
    raise Malformed("not_object", f"line is {type_name(decode_outline(text))}, expected an object")


def _keys(text: bytes) -> _Keys | None:
    try:
        return _KEYS.decode(text)
    except msgspec.MsgspecError:
        return None
