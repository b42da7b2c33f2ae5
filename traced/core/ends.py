"""
What a line shows at its two ends, where it cannot be read as a whole.

Law: content cannot pass for a key. Both ends of the line are read as JSON tokens from a place known
to be outside of strings: the start from its first byte on, the end from its last byte back. Going
back works because inside a JSON string every quote follows a backslash, and the quote that opens
a string never does.
"""

import re
from typing import Final

from msgspec import Struct

from traced.core.errors import Malformed
from traced.core.json_text import decode_json

IN_ENVELOPE: Final = 2
"""How deep the members of a hook payload lie in an envelope."""

# The last alternative is a string that does not end within the bytes at hand. No loop in a loop, as
# that would take exponential time there; nor possessive loops, which Python 3.11.2 gets wrong.
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s"{}\[\],:]+|"', re.DOTALL)
_TOKEN_FROM_BEHIND: Final = re.compile(rb'"[^"]*(?:"(?=\\)[^"]*)*"|[{}\[\],:]|[^\s"{}\[\],:]+|"')


class Start(Struct):
    """
    The whole members at a line's start.

    `depth` is 1 where the line itself is the hook payload, 2 (`IN_ENVELOPE`) where that is in one.
    `begin` and `end` enclose the payload's whole members; `open` says that the payload goes on.
    """

    depth: int = 1
    begin: int = 0
    end: int = 0
    open: bool = True


def known_keys(head: bytes) -> dict[str, object]:
    """Return the whole members at the start of a line; none if it is no object."""
    start = whole_start(head)
    return as_object(head[: start.end] + b"}" * start.depth)


def whole_start(head: bytes) -> Start:
    """Walk through a line's start to its last whole member."""
    start = Start()
    depth = 0
    before = key = b""
    for match in _TOKEN.finditer(head):
        token = match[0]
        if token == b'"':
            break
        if token in (b"{", b"["):
            depth += 1
            if depth == 1 or (depth == IN_ENVELOPE and token == b"{" and key == b'"payload"'):
                start = Start(depth, match.end(), match.end())
        elif token in (b"}", b"]"):
            depth -= 1
            if depth < start.depth:
                start.end, start.open = match.start(), False
                break
        elif token == b"," and depth == start.depth:
            start.end = match.start()
        elif token == b":" and depth == 1:
            key = before
        before = token
    return start


def whole_end(tail: bytes, inside: int) -> bytes:
    """Walk back from a line's end; return the whole members of the object `inside` deep."""
    depth = begin = end = 0
    for match in _TOKEN_FROM_BEHIND.finditer(tail[::-1]):
        token = match[0]
        place = len(tail) - match.end()
        if place == 0 or token == b'"':
            break  # it begins before the tail does
        if token in (b"}", b"]"):
            depth += 1
            if depth == inside:
                begin = end = place
            if depth <= inside and token == b"]":
                break
        elif token in (b"{", b"["):
            depth -= 1
        elif token == b"," and depth == inside:
            begin = place + 1
        if depth < inside and token != b"}":
            break  # the object is over, or something stands behind it
    return tail[begin:end]


def as_object(data: bytes) -> dict[str, object]:
    """Return a JSON object, or an empty one if the bytes are not one."""
    try:
        value = decode_json(data)
    except Malformed:
        return {}
    return value if isinstance(value, dict) else {}
