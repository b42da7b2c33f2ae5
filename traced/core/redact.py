"""
Redaction: what nobody may read later is taken out before anything is stored.

A replacement keeps the name and says what was there (``password=[redacted]``,
``[redacted:github-token]``). Redacting twice is redacting once. No pattern of ours is more than
linear, and a text without a hint of a secret, as most are, meets none of them.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from traced.core.secrets.names import Kind, kind_of_name
from traced.core.secrets.pairs import may_hold_pair, replace_pairs
from traced.core.secrets.tokens import may_hold_token, replace_tokens
from traced.core.secrets.values import MARK, MARK_START, Pair, is_secret

SECRET_CHARS_MIN: Final = 6
"""No shorter text holds a name, its value and what joins them."""

PASSES_MAX: Final = 8
"""A mark can lay bare what stood right beside a secret; as a rule the second pass finds nothing."""

CUSTOM_MARK: Final = f"{MARK_START}:custom]"

_MARKS: Final = re.compile(r"\[redacted[:a-z-]*\]")
_Nodes = list[dict[str, object] | list[object]]


class Redactor:
    """
    Takes secrets out of texts, parsed JSON and raw lines; `count` says how many so far.

    `patterns` are further regular expressions whose matches are secrets. They run on every text,
    and whether they are linear is their author's care. The attribute can be replaced by what
    `compiled` returns, at any time and from any thread: a text is read with one set or the other.

    Raises:
        ValueError: If one of `patterns` cannot be compiled, or matches where nothing is.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.count = 0
        self.patterns = compiled(patterns)

    def text(self, text: str, /) -> str:
        """Return `text` without its secrets."""
        if len(text) >= SECRET_CHARS_MIN and _may_hold_secret(text):
            for _ in range(PASSES_MAX):
                text, found = _replace(text)
                if not found:
                    break
                self.count += found
        for pattern in self.patterns:  # one read: see the class
            text = self._replace_custom(pattern, text)
        return text

    def again(self, text: str, /) -> str:
        """
        Return what another redactor let through without what is a secret to this one.

        Marks are left where they are: pieces of a summary were redacted one by one, and read as a
        whole, a mark would be taken for the beginning of what stands behind it.
        """
        if self.text(text) == text:
            return text
        pieces = [self.text(piece) for piece in _MARKS.split(text)]
        marks = [*_MARKS.findall(text), ""]
        return "".join(piece + mark for piece, mark in zip(pieces, marks, strict=True))

    def raw(self, line: bytes, /) -> bytes:
        """
        Return the bytes of a line that did not parse without its secrets; any bytes will do.

        Where a secret shows only without the NULs (UTF-16, whichever byte is first), they go too.
        """
        kept = self._bytes(line)
        if b"\0" not in kept:
            return kept
        bare = kept.replace(b"\0", b"")
        shown = self._bytes(bare)
        return kept if shown == bare else shown

    def _bytes(self, line: bytes) -> bytes:
        text = line.decode("utf-8", "surrogateescape")
        return self.text(text).encode("utf-8", "surrogateescape")

    def json_value(self, value: object, /) -> object:
        """
        Return a copy of parsed JSON without its secrets: in texts, and behind names that say so.

        Numbers, truths and nulls are kept, whatever they are called.
        """
        root: list[object] = [value]
        unread: _Nodes = [root]
        while unread:  # no recursion: whatever depth a parser lets through, this walks
            node = unread.pop()
            if isinstance(node, dict):
                self._read_object(node, unread)
            else:
                self._read_array(node, unread)
        return root[0]

    def _read_object(self, node: dict[str, object], unread: _Nodes) -> None:
        label = node.get("name") or node.get("key")  # {"name": "DB_PASSWORD", "value": …}
        for key, item in node.items():
            name = label if key == "value" and isinstance(label, str) else key
            if kind_of_name(name) is Kind.NONE:
                node[key] = self._copied(item, unread)
            elif isinstance(item, list):
                node[key] = [self._hidden(name, each, unread) for each in item]
            else:
                node[key] = self._hidden(name, item, unread)

    def _read_array(self, node: list[object], unread: _Nodes) -> None:
        option = ""  # ["--token", "abc"]
        for index, item in enumerate(node):
            is_option = isinstance(item, str) and item.startswith("-")
            if option and not is_option and kind_of_name(option) is not Kind.NONE:
                node[index] = self._hidden(option, item, unread)
            else:
                node[index] = self._copied(item, unread)
            option = item if is_option and isinstance(item, str) else ""

    def _hidden(self, name: str, item: object, unread: _Nodes) -> object:
        if isinstance(item, str) and is_secret(Pair(kind_of_name(name), name, item)):
            self.count += 1
            return MARK
        return self._copied(item, unread)

    def _copied(self, item: object, unread: _Nodes) -> object:
        if isinstance(item, str):
            return self.text(item)
        if isinstance(item, dict):
            fields: dict[str, object] = {self.text(key): each for key, each in item.items()}
            unread.append(fields)
            return fields
        if isinstance(item, list):
            items: list[object] = list(item)
            unread.append(items)
            return items
        return item

    def _replace_custom(self, pattern: re.Pattern[str], text: str) -> str:
        marks = [mark.span() for mark in _MARKS.finditer(text)]
        starts = [start for start, _ in marks]
        pieces: list[str] = []
        done = 0
        for match in pattern.finditer(text):
            start, end = match.span()
            before = bisect_right(starts, start) - 1
            in_a_mark = before >= 0 and end <= marks[before][1]
            if start < end and not in_a_mark:
                pieces += (text[done:start], CUSTOM_MARK)
                done = end
                self.count += 1
        return "".join(pieces) + text[done:]


def _may_hold_secret(text: str) -> bool:
    return may_hold_token(text) or may_hold_pair(text, text.lower())


def _replace(text: str) -> tuple[str, int]:
    tokens = pairs = 0
    if may_hold_token(text):
        text, tokens = replace_tokens(text)
    lower = text.lower()
    if may_hold_pair(text, lower):
        text, pairs = replace_pairs(text, lower)
    return text, tokens + pairs


def compiled(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """
    Return regular expressions as a `Redactor` takes them.

    Raises:
        ValueError: If one cannot be compiled, or matches where nothing is.
    """
    return tuple(_compiled(pattern) for pattern in patterns)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(
            f"redaction pattern {pattern!r} is not a regular expression ({error}), expected one"
        ) from error
    if expression.match(""):
        raise ValueError(
            f"redaction pattern {pattern!r} matches an empty text, expected one that needs a letter"
        )
    return expression
