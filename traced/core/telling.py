"""
What a JSON value says, as text without a secret or the half of one.

Redaction comes before cutting. Of a long text only a head is read, and where that head ends a
secret may have begun. Either so much of it is in the head that the redactor knew it without its
end, or it lies in the head's last `EDGE_CHARS_MAX` characters, which are read but never shown.
"""

import json
import re
from typing import Final

from traced.core.redact import Redactor

SHOWN_CHARS_MIN: Final = 500
"""How much of a long text is kept at least, where nothing in it is redacted."""

EDGE_CHARS_MAX: Final = 600
"""More than any secret is known by; the longest such part is a URL's password up to its ``@``."""

HEAD_CHARS_MAX: Final = SHOWN_CHARS_MIN + 2 * EDGE_CHARS_MAX
"""How much of one text, and of all texts of one value, is read."""

VALUE_CHARS_MIN: Final = 8
"""What the shortest value is counted for, so that many of them are no more than one text."""

DEPTH_MAX: Final = 8
"""How far a value is read into; what lies deeper is an ellipsis."""

INTEGER_BITS_MAX: Final = 1024
"""A longer integer is given as its length: Python refuses to print one of 4,300 digits."""

ELLIPSIS: Final = "…"

_MARK: Final = re.compile(r"\[redacted[:a-z-]*\]")
_STREAMS: Final = ("stdout", "stderr")
_TEXTS: Final = (
    *("content", "text", "output", "result", "message", "error"),
    *("returnDisplay", "llmContent"),  # Gemini CLI
    *("textResultForLlm", "text_result_for_llm"),  # Copilot CLI
    "file",  # Claude Code's Read
)
"""Where tools put what they have to say."""


class Teller:
    """Tells one value; reads no more of it than can be shown and than redaction needs."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._room = HEAD_CHARS_MAX

    def tell(self, value: object, depth: int = 0) -> str:
        """Return what `value` says; an empty text where it says nothing."""
        if isinstance(value, str):
            return self._head(value)
        if isinstance(value, dict) and depth < DEPTH_MAX:
            return self._said(value, depth) or self._pairs(value)
        if isinstance(value, list) and depth < DEPTH_MAX:
            return self._blocks(value) or self._items(value)
        return "" if value is None else _scalar(value)

    def _head(self, text: str) -> str:
        """Redact a text, or as much of it as can be shown."""
        if len(text) <= HEAD_CHARS_MAX:
            return self._redactor.text(text)
        head = self._redactor.text(text[:HEAD_CHARS_MAX])
        marks = [mark.end() for mark in _MARK.finditer(head)]
        end = max(len(head) - EDGE_CHARS_MAX, marks[-1] if marks else 0)
        return head[:end] + ELLIPSIS

    def _said(self, value: dict[str, object], depth: int) -> str:
        """Tell an object by the field in which a tool puts its text."""
        streams = [stream for key in _STREAMS if isinstance(stream := value.get(key), str)]
        heads = [self._head(stream) for stream in streams if stream]
        if heads:
            return "\n".join((*(head.removesuffix("\n") for head in heads[:-1]), heads[-1]))
        for key in _TEXTS:
            field = value.get(key)
            if isinstance(field, str | dict | list) and (text := self.tell(field, depth + 1)):
                return text
        return ""

    def _blocks(self, items: list[object]) -> str:
        """Tell MCP content blocks by their texts; nothing if these are no blocks."""
        texts: list[str] = []
        for item in items:
            if not isinstance(item, dict):
                return ""
            resource = item.get("resource")
            source = resource if isinstance(resource, dict) else item
            text = source.get("text", source.get("uri"))
            if not isinstance(text, str):
                if not isinstance(item.get("type"), str):
                    return ""
                text = f"[{item['type']}]"
            texts.append(self._head(text))
            self._room -= len(texts[-1]) + 1
            if self._room < 0:
                break
        return "\n".join(texts)

    def _pairs(self, value: dict[str, object]) -> str:
        """Tell an object by all of its fields that say something."""
        could_speak = any(key in value for key in (*_STREAMS, *_TEXTS))
        pieces: list[str] = []
        for key, item in value.items():
            self._room -= len(key)
            if item is None or item in ("", [], {}) or (item is False and could_speak):
                continue  # of a tool that has nothing to say, a no is no news
            shown = self._redactor.json_value({self._head(key): self._bounded(item, 0)})
            if isinstance(shown, dict):
                pieces += (f"{name}={_compact(field)}" for name, field in shown.items())
            if self._room < 0:
                break
        return ", ".join(pieces)

    def _items(self, items: list[object]) -> str:
        shown = self._redactor.json_value(self._bounded(items, 0))
        if not isinstance(shown, list) or any(isinstance(item, dict | list) for item in shown):
            return _compact(shown) if items else ""
        return ", ".join(map(_compact, shown))

    def _bounded(self, value: object, depth: int) -> object:
        """Copy as much of a value as there is room for; only its long texts are redacted."""
        self._room -= VALUE_CHARS_MIN
        if isinstance(value, str):
            text = self._head(value) if len(value) > HEAD_CHARS_MAX else value
            self._room -= len(text)
            return text
        if not isinstance(value, dict | list):
            return _scalar(value) if isinstance(value, int) and _is_long(value) else value
        if depth == DEPTH_MAX or self._room < 0:
            return ELLIPSIS
        if isinstance(value, list):
            items: list[object] = []
            for item in value:
                items.append(self._bounded(item, depth + 1))
                if self._room < 0:
                    break
            return items
        fields: dict[str, object] = {}
        for key, item in value.items():
            fields[self._head(key)] = self._bounded(item, depth + 1)
            self._room -= len(key)
            if self._room < 0:
                break
        return fields


def _is_long(number: int) -> bool:
    return number.bit_length() > INTEGER_BITS_MAX


def _scalar(value: object) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and _is_long(value):
        return f"an integer of {value.bit_length()} bits"
    return ELLIPSIS if isinstance(value, dict | list) else str(value)


def _compact(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return _scalar(value)
