"""
What of an event's content is kept: nothing, summaries, or all of it; redacted in every case.

Law: redaction comes first, then cutting; what is redacted reaches no column, log or reply.
"""

from typing import Literal

import msgspec

from traced.core.redact import Redactor
from traced.core.summarise import SUMMARY_CHARS_MAX, cut, summary, tool_input

CaptureMode = Literal["metadata", "summary", "full"]


class Capture:
    """Turns content into what the mode lets be stored; counts what the redactor took out."""

    def __init__(self, mode: CaptureMode, redactor: Redactor) -> None:
        self._mode = mode
        self.redactor = redactor

    def text(self, text: str | None) -> str | None:
        """Return a text for people: redacted, at most 500 characters; None for nothing."""
        return self.value(text)

    def value(self, value: object) -> str | None:
        """Return any JSON value as text for people."""
        return None if self._mode == "metadata" else summary(value, self.redactor)

    def given(self, text: str | None) -> str | None:
        """Return a summary that its sender wrote: redacted and cut, else as it is."""
        if text is None or self._mode == "metadata":
            return None
        return cut(self.redactor.text(text), SUMMARY_CHARS_MAX)

    def tool_input(self, tool_name: str, value: object) -> str | None:
        """Return what a tool was asked to do: the command, the path, the pattern."""
        if self._mode == "metadata":
            return None
        return summary(tool_input(tool_name, value) or value, self.redactor)

    def whole(self, value: object) -> str | None:
        """Return a value as JSON where all content is kept, else None."""
        if self._mode != "full" or value is None:
            return None
        return msgspec.json.encode(self.redactor.json_value(value)).decode()

    def raw(self, data: bytes) -> bytes | None:
        """Return what may be kept of a line that was not understood."""
        return None if self._mode == "metadata" else self.redactor.raw(data)
