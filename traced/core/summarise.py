"""Text for people from any JSON value: bounded, redacted, then cut. (First version.)"""

import shlex
from typing import Final, Protocol

import msgspec

SUMMARY_CHARS_MAX: Final = 500
WINDOW_CHARS_MAX: Final = 20_000


class TextRedactor(Protocol):
    """Replaces secrets in a text."""

    def text(self, s: str, /) -> str:
        """Return the text with its secrets replaced."""
        ...


def clean(text: str) -> str:
    """Return the text with lone surrogates and U+0000 as U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def cut(text: str, chars_max: int) -> str:
    """Return at most so many code points, the last an ellipsis if something is missing."""
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"


def summary(value: object, redactor: TextRedactor) -> str | None:
    """Return any JSON value as readable text."""
    text = _text(value)
    return cut(redactor.text(clean(text[:WINDOW_CHARS_MAX])), SUMMARY_CHARS_MAX) if text else None


def tool_input(name: str, value: object) -> str | None:
    """Return what a well-known tool was asked to do, else None."""
    if not isinstance(value, dict):
        return None
    for key in ("command", "file_path", "notebook_path", "pattern", "url", "query", "description", "args"):
        found = value.get(key)
        if isinstance(found, str) and found:
            return found
        if key == "command" and isinstance(found, list):
            return shlex.join(map(str, found))
    return None


def _text(value: object) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(b, dict) and isinstance(b.get("text"), str) for b in value):
        return "\n".join(b["text"] for b in value)
    if isinstance(value, dict):
        out = [value[k] for k in ("stdout", "stderr") if isinstance(value.get(k), str) and value[k]]
        if out or "stdout" in value:
            return "\n".join(out)
        for key in ("content", "text", "output", "result", "message", "error"):
            if value.get(key):
                return _text(value[key])
        return ", ".join(f"{k}={_text(v)}" for k, v in value.items())
    return msgspec.json.encode(value).decode()
