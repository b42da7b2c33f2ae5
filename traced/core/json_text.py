"""
JSON as agents really write it: any numbers, and strings that were cut inside a character.

Law: valid JSON is read, whatever it holds; anything else is `Malformed`, never another error.
"""

import json
import re
from typing import Final, Never

import msgspec

from traced.core.errors import Malformed

# Half a character: a high half that no low one follows, or a low one that no high one precedes.
_LONE_ESCAPE: Final = re.compile(
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2})"
)
NUL_ESCAPE: Final = re.compile(rb"\\u0000")
"""What a text with U+0000 holds; others may hold it too. Faster by a third than ``in``."""

_REPLACEMENT: Final = rb"\ufffd"
_TEMPLATE: Final = rb"\\ufffd"  # the same, as `re` wants it
_BACKSLASH: Final = rb"\\"  # escaped: what follows it is plain text
_STAND_IN: Final = b"\x00\x00"  # of the same length, and in no JSON
_PLACE: Final = re.compile(r"(\S+) \(byte (\d+)\)\Z")  # in a message of msgspec
_CONSTANT: Final = re.compile(rb"NaN|Infinity")  # as Python and JavaScript write them
_LONE_HALF: Final = re.compile("[\ud800-\udfff]")
_INT_DIGITS_MAX: Final = 4300  # Python's own limit on turning digits into an int

_decode: Final = msgspec.json.Decoder().decode
_skip: Final = msgspec.json.Decoder(msgspec.Raw).decode


def decode_json(raw: bytes) -> object:
    """
    Read any JSON value; lone surrogates and U+0000 in its texts become U+FFFD.

    Integers are exact up to 4300 digits and floats beyond; floats out of range are infinite.

    Raises:
        Malformed: If it is no JSON (``not_json``) or no UTF-8 (``not_utf8``).
    """
    data = bytes(raw)
    if NUL_ESCAPE.search(data):
        data = replace_nul(data)
    try:
        return _decode(data)
    except (ValueError, RecursionError):
        check_utf8(data)
    # What msgspec refuses is no JSON, or it is one of what the standard library reads: lone
    # surrogates (replaced first) and numbers out of range.
    text = replace_lone_surrogates(data).decode()
    try:
        return json.loads(text, parse_int=_any_int, parse_constant=_refuse_constant)
    except RecursionError:
        raise nested_too_deep(len(data)) from None
    except json.JSONDecodeError as error:
        ended = error.pos >= len(text) or error.msg.startswith("Unterminated string")
        place = len(data) if ended else len(text[: error.pos].encode())
        raise _no_json(place, len(data)) from None


def decode_outline(raw: bytes) -> object:
    """
    Read a JSON value that is known to be one; an array or an object comes back empty.

    For callers who only need its type: the contents cost neither time nor memory.

    Raises:
        Malformed: If it is nested too deep, or no JSON after all.
    """
    match bytes(raw[:1]):
        case b"[":
            return []
        case b"{":
            return {}
        case _:
            return decode_json(raw)


def check_json(data: bytes) -> None:
    """
    Make sure that this is one JSON value without lone surrogates; make no objects of it.

    Raises:
        Malformed: ``not_json``, with the place of what is none.
    """
    try:
        _skip(data)
    except RecursionError:
        raise nested_too_deep(len(data)) from None
    except msgspec.MsgspecError as error:
        raise no_json(error, data) from None


def replace_lone_surrogates(data: bytes) -> bytes:
    """Write U+FFFD for every escape of half a character; the length stays the same."""
    if not (rb"\ud" in data or rb"\uD" in data) or b"\0" in data:  # no JSON holds the last
        return data
    data = data.replace(_BACKSLASH, _STAND_IN)
    return _LONE_ESCAPE.sub(_TEMPLATE, data).replace(_STAND_IN, _BACKSLASH)


def replace_nul(data: bytes) -> bytes:
    """Write U+FFFD for every escape of U+0000; the length stays the same."""
    if b"\0" in data:
        return data
    data = data.replace(_BACKSLASH, _STAND_IN)
    return data.replace(rb"\u0000", _REPLACEMENT).replace(_STAND_IN, _BACKSLASH)


def check_utf8(data: bytes) -> None:
    """
    Make sure that these bytes are text.

    Raises:
        Malformed: ``not_utf8``, with the place of the first byte that is none.
    """
    if is_utf8(data):
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        detail = f"byte {error.start} is 0x{data[error.start]:02X}, expected UTF-8"
        raise Malformed("not_utf8", detail) from None


def is_utf8(data: bytes) -> bool:
    """Tell whether these bytes are text; at hardly any cost if they are ASCII."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def nested_too_deep(length: int) -> Malformed:
    """What is wrong with JSON whose arrays and objects exhaust the stack."""
    return Malformed("not_json", f"{length} bytes of JSON nested too deep to be read")


def no_json(error: msgspec.MsgspecError, data: bytes) -> Malformed:
    """What is wrong with bytes that msgspec refused: where they are no JSON, as far as it says."""
    place = _PLACE.search(str(error))
    if place is None:  # "Input data was truncated"
        return _no_json(len(data), len(data))
    at = int(place[2]) - (place[1] == "characters")  # of trailing ones it tells the second
    if constant := _CONSTANT.match(data, at):
        sign = "-" if data[at - 1 : at] == b"-" else ""
        return Malformed("not_json", f"{sign}{constant[0].decode()} is not a JSON number")
    return _no_json(at, len(data))


def _no_json(position: int, length: int) -> Malformed:
    if position >= length:
        return Malformed("not_json", f"ends at byte {length}, before its JSON does")
    return Malformed("not_json", f"no JSON at byte {position} of {length}")


def _any_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INT_DIGITS_MAX else float(digits)


def _refuse_constant(name: str) -> Never:
    raise Malformed("not_json", f"{name} is not a JSON number")


def encode_json(value: object, *, sort_keys: bool = False) -> str:
    """
    Write any value that `decode_json` may have read, however deep and whatever its numbers.

    Numbers out of range become null, lone surrogates U+FFFD.
    """
    try:
        return msgspec.json.encode(value, order="sorted" if sort_keys else None).decode()
    except (ValueError, OverflowError, RecursionError):
        return _encode_piecewise(value, sort_keys=sort_keys)


class _Written(str):
    """What stands between values, written already."""

    __slots__ = ()


def _encode_piecewise(value: object, *, sort_keys: bool) -> str:
    pieces: list[str] = []
    waiting: list[object] = [value]
    while waiting:  # no recursion: what was read near the stack's end must be written anywhere
        item = waiting.pop()
        if isinstance(item, _Written):
            pieces.append(item)
        elif isinstance(item, dict):
            keys = sorted(item) if sort_keys else list(item)
            waiting.append(_Written("}"))
            for index in range(len(keys) - 1, -1, -1):
                head = f"{',' if index else ''}{_encode_leaf(keys[index])}:"
                waiting += (item[keys[index]], _Written(head))
            waiting.append(_Written("{"))
        elif isinstance(item, list | tuple):
            waiting.append(_Written("]"))
            for index in range(len(item) - 1, -1, -1):
                waiting += (item[index], _Written("," if index else ""))
            waiting.append(_Written("["))
        else:
            pieces.append(_encode_leaf(item))
    return "".join(pieces)


def _encode_leaf(value: object) -> str:
    if isinstance(value, str):
        value = _LONE_HALF.sub("\N{REPLACEMENT CHARACTER}", value)
    try:
        return msgspec.json.encode(value).decode()
    except (ValueError, OverflowError):
        return "null" if not isinstance(value, int) else _digits(value)


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # more than Python turns into text
        return "null"
