"""
A lossless reader of JSON: where each value, comma and comment of a text stands.

Law: it changes nothing and forgives only what leaves the meaning certain: a byte order mark,
`//` and `/* */` comments, trailing commas. All else that is not JSON (RFC 8259) is refused.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from traced.install.errors import SettingsError

DEPTH_MAX = 200  # of nesting; agents' settings need six
SHOWN_CHARS_MAX = 20  # of what was read, in an error
BYTE_ORDER_MARK = "\ufeff"

TOKEN = re.compile(
    r"""
      (?P<space>   [ \t\r\n]+ )
    | (?P<comment> //[^\r\n]* | /\*.*?\*/ )
    | (?P<string>  "(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+" )
    | (?P<scalar>  true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)? )
    | (?P<mark>    [{}\[\]:,] )
    """,
    re.VERBOSE | re.DOTALL,
)
NEWLINE = re.compile(r"\r\n|\n|\r")

Kind = Literal["object", "array", "string", "scalar"]


class Span(NamedTuple):
    """A part of the text: from `start` up to, not including, `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Node:
    """One value; `members` are those of an object or array, in the order of the text."""

    kind: Kind
    start: int
    end: int
    members: "tuple[Member, ...]" = ()


@dataclass(frozen=True, slots=True)
class Member:
    """
    One element of an array, or one key with its value.

    From `start` (of its key, or of its value) to `value.end` it is itself. `lead` is where the
    white space before it begins, `gap` where the bracket or comma before it ends: comments may
    stand between `gap` and `lead`. `comma` is where the comma after it stands, None without one.
    """

    key: str | None
    start: int
    lead: int
    gap: int
    value: Node
    comma: int | None

    @property
    def end(self) -> int:
        """The end of its comma, or of its value where there is none."""
        return self.value.end if self.comma is None else self.comma + 1


@dataclass(frozen=True, slots=True)
class Document:
    """A text and where everything in it stands."""

    text: str
    root: Node
    comments: tuple[Span, ...]

    @property
    def strict(self) -> bool:
        """Whether the text, but for a byte order mark, is JSON without any extension."""
        return not self.comments and not _has_trailing_comma(self.root)

    def find(self, node: Node, key: str) -> Member | None:
        """
        Return the member of the object `node` with `key`, or None.

        Raises:
            SettingsError: If there are two, for readers differ in which of them they take.
        """
        found = [member for member in node.members if member.key == key]
        if len(found) > 1:
            where = position(self.text, found[1].start)
            raise SettingsError(f'{where}: read a second "{key}", expected one')
        return found[0] if found else None

    def string(self, node: Node) -> str:
        """Return the value of the string `node`."""
        return _decoded(self.text[node.start : node.end])

    def compact(self, node: Node) -> str:
        """Return the text of `node` without white space, comments and trailing commas."""
        if node.kind not in ("object", "array"):
            return self.text[node.start : node.end]
        opening, closing = self.text[node.start], self.text[node.end - 1]
        return opening + ",".join(self._compact_members(node)) + closing

    def _compact_members(self, node: Node) -> Iterator[str]:
        for member in node.members:
            key = "" if member.key is None else json.dumps(member.key, ensure_ascii=False) + ":"
            yield key + self.compact(member.value)

    def comments_between(self, start: int, end: int) -> list[Span]:
        """Return the comments that begin at `start` or later and end at `end` or before."""
        return [span for span in self.comments if start <= span.start and span.end <= end]


class _Token(NamedTuple):
    kind: str  # "string", "scalar", "end", or the mark itself
    start: int
    end: int
    lead: int
    gap: int


def parse(text: str) -> Document:
    """
    Return where everything in `text` stands.

    Raises:
        SettingsError: If it is not JSON; says line and column (from 1, in characters), what was
            read and what was expected.
    """
    tokens, comments = _tokens(text)
    root, at = _value(text, tokens, 0, 0)
    if tokens[at].kind != "end":
        raise _unexpected(text, tokens[at].start, "the end of the file")
    return Document(text, root, tuple(comments))


def position(text: str, at: int) -> str:
    """Return "line L, column C" of the character `at`."""
    newlines = list(NEWLINE.finditer(text, 0, at))
    line_start = newlines[-1].end() if newlines else int(text.startswith(BYTE_ORDER_MARK))
    return f"line {len(newlines) + 1}, column {at - line_start + 1}"


def _tokens(text: str) -> tuple[list[_Token], list[Span]]:
    """Return the tokens, the last of which is the end, and the comments."""
    tokens: list[_Token] = []
    comments: list[Span] = []
    at = lead = gap = int(text.startswith(BYTE_ORDER_MARK))
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise _unexpected(text, at, "a whole string" if text[at] == '"' else "JSON")
        kind = str(match.lastgroup)
        at = match.end()
        if kind == "space":
            continue
        if kind == "comment":
            comments.append(Span(*match.span()))
        else:
            kind = match[0] if kind == "mark" else kind
            tokens.append(_Token(kind, match.start(), at, lead, gap))
            gap = at
        lead = at
    tokens.append(_Token("end", at, at, lead, gap))
    return tokens, comments


def _value(text: str, tokens: list[_Token], at: int, depth: int) -> tuple[Node, int]:
    """Return the value that begins at token `at`, and the number of the token after it."""
    token = tokens[at]
    if depth > DEPTH_MAX:
        raise SettingsError(
            f"{position(text, token.start)}: nested deeper than {DEPTH_MAX}, expected less"
        )
    match token.kind:
        case "string":
            return Node("string", token.start, token.end), at + 1
        case "scalar":
            return Node("scalar", token.start, token.end), at + 1
        case "{":
            return _container(text, tokens, at, depth, "object")
        case "[":
            return _container(text, tokens, at, depth, "array")
        case _:
            raise _unexpected(text, token.start, "a value")


def _container(
    text: str, tokens: list[_Token], at: int, depth: int, kind: Literal["object", "array"]
) -> tuple[Node, int]:
    """Return the object or array that begins at token `at`, and the number of the token after."""
    start = tokens[at].start
    closing = "}" if kind == "object" else "]"
    members: list[Member] = []
    at += 1
    while tokens[at].kind != closing:
        if members and members[-1].comma is None:
            raise _unexpected(text, tokens[at].start, f"',' or '{closing}'")
        first = tokens[at]
        key = None
        if kind == "object":
            key, at = _key(text, tokens, at)
        value, at = _value(text, tokens, at, depth + 1)
        comma = tokens[at].start if tokens[at].kind == "," else None
        at += comma is not None
        members.append(Member(key, first.start, first.lead, first.gap, value, comma))
    return Node(kind, start, tokens[at].end, tuple(members)), at + 1


def _key(text: str, tokens: list[_Token], at: int) -> tuple[str, int]:
    """Return the key at token `at`, and the number of the token after its colon."""
    key, colon = tokens[at], tokens[min(at + 1, len(tokens) - 1)]
    if key.kind != "string":
        raise _unexpected(text, key.start, "a key in double quotes or '}'")
    if colon.kind != ":":
        raise _unexpected(text, colon.start, "':'")
    return _decoded(text[key.start : key.end]), at + 2


def _decoded(token: str) -> str:
    """Return what the string `token`, with its quotes, stands for."""
    value: object = json.loads(token)
    return str(value)


def _has_trailing_comma(node: Node) -> bool:
    if node.members and node.members[-1].comma is not None:
        return True
    return any(_has_trailing_comma(member.value) for member in node.members)


def _unexpected(text: str, at: int, expected: str) -> SettingsError:
    """Return the error that names what stands at `at`, up to the end of its word."""
    shown = re.compile(r"[^\s,:\[\]{}]+|.?", re.DOTALL).match(text, at)
    read = ascii(shown[0][:SHOWN_CHARS_MAX]) if shown and shown[0] else "the end of the file"
    return SettingsError(f"{position(text, at)}: read {read}, expected {expected}")
