"""
How much of an event's content is kept: nothing, summaries, or all of it; always redacted.

Law: redaction comes first, then cutting; what is redacted reaches no column, log or reply.
"""

from typing import Final, Literal

from traced.core.json_text import encode_json
from traced.core.redact import Redactor
from traced.core.summarise import SUMMARY_CHARS_MAX, clean, cut, summary, tool_input

# The same few labels come again and again, and looking for secrets costs more than looking them up.
LABELS_KNOWN_MAX: Final = 2048
LABEL_CHARS_KNOWN: Final = 256

CaptureMode = Literal["metadata", "summary", "full"]


class Capture:
    """
    Turns content into what the mode lets be stored; `redactor` counts what it took out.

    `mode` can be assigned at any time and from any thread: each method reads it once. Who wants
    all of an event to be taken in one mode assigns it between two events.
    """

    def __init__(self, mode: CaptureMode, redactor: Redactor) -> None:
        self.mode = mode
        self._redactor = redactor
        self._patterns = redactor.patterns
        self._labels: dict[str, str] = {}

    @property
    def keeps_content(self) -> bool:
        """Whether anything of what was sent may be kept, redacted or not."""
        return self.mode != "metadata"

    def value(self, value: object) -> str | None:
        """Return any JSON value as text for people, at most 500 characters; None for nothing."""
        return None if self.mode == "metadata" else summary(value, self._redactor)

    def given(self, text: str | None) -> str | None:
        """Return a summary that its sender wrote: redacted and cut, else as it is."""
        if text is None or self.mode == "metadata":
            return None
        if len(text) > SUMMARY_CHARS_MAX:
            return summary(text, self._redactor)
        return cut(clean(self._redactor.text(text))) or None

    def given_again(self, text: str | None) -> str | None:
        """Return a summary that was redacted and cut before: what this redactor lets through."""
        if text is None or self.mode == "metadata":
            return None
        return cut(clean(self._redactor.again(text))) or None

    def label(self, text: str) -> str:
        """Return what something is called, a tool, a folder, a model: kept in every mode."""
        patterns = self._redactor.patterns
        if patterns is not self._patterns or len(self._labels) >= LABELS_KNOWN_MAX:
            self._patterns, self._labels = patterns, {}
        known = self._labels.get(text)
        if known is None:
            known = self._redactor.text(text)
            if len(text) <= LABEL_CHARS_KNOWN:
                self._labels[text] = known
        return known

    def optional_label(self, text: str | None) -> str | None:
        """Return the same of what may have no name."""
        return None if text is None else self.label(text)

    def tool_input(self, tool_name: str, value: object) -> str | None:
        """Return what a tool was asked to do: the command, the path, the pattern."""
        if self.mode == "metadata":
            return None
        return summary(tool_input(tool_name, value, self._redactor) or value, self._redactor)

    def whole(self, value: object) -> str | None:
        """Return a value as JSON where all content is kept, else None."""
        if self.mode != "full" or value is None:
            return None
        return encode_json(self._redactor.json_value(value))

    def raw(self, line: bytes, /) -> bytes:
        """Return the bytes of a line that cannot be taken: redacted, or none of them."""
        return b"" if self.mode == "metadata" else self._redactor.raw(line)
