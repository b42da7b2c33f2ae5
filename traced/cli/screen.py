"""
What the output can show: its width, its characters, and how a text is made to fit.

Law: every text from outside gets onto the screen through `clean`, `cut` or `fold`.
"""

from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, chop_cells, set_cell_size

from traced.show.escape import printable


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters beyond letters; each of one cell."""

    status: dict[str, str]
    first: str
    inside: str
    last: str
    through: str
    ellipsis: str
    dot: str


UNICODE: Final = Glyphs(
    status={
        "ok": "✓",
        "error": "✗",
        "denied": "⊘",
        "cancelled": "◌",
        "unknown": "?",
        "running": "▶",
    },
    first="┌",
    inside="├",
    last="└",
    through="│",
    ellipsis="…",
    dot="·",
)
ASCII: Final = Glyphs(
    status={
        "ok": "+",
        "error": "x",
        "denied": "!",
        "cancelled": "-",
        "unknown": "?",
        "running": ">",
    },
    first="/",
    inside="|",
    last="\\",
    through="|",
    ellipsis="~",
    dot=":",
)


@dataclass(frozen=True, slots=True)
class Screen:
    """Where and when output is read: `width` in cells, the encoding of the output, the time."""

    width: int
    encoding: str
    now_ms: int
    home: str

    @property
    def glyphs(self) -> Glyphs:
        """The characters that this screen's encoding has."""
        return UNICODE if self._shows("".join(UNICODE.status.values()) + "┌├└│…·") else ASCII

    def clean(self, text: str) -> str:
        """Return the text in one line, safe, and in characters that the encoding has."""
        safe = printable(text)
        if self._shows(safe):
            return safe
        return safe.encode(self.encoding, "backslashreplace").decode(self.encoding)

    def folder(self, path: str) -> str:
        """Return a path clean, with `~` for the reader's own home folder."""
        in_home = self.home not in {"", "/"} and f"{path}/".startswith(f"{self.home}/")
        return self.clean("~" + path[len(self.home) :] if in_home else path)

    def cut(self, text: str, width: int) -> str:
        """Return the text clean and at most `width` cells wide, with an ellipsis where cut."""
        whole = self.clean(text)
        if cell_len(whole) <= width:
            return whole
        if width < 1:
            return ""
        return set_cell_size(whole, width - 1).rstrip() + self.glyphs.ellipsis

    def cut_left(self, text: str, width: int) -> str:
        """Return the text clean and at most `width` cells wide; its end is kept, not its start."""
        return self.cut(self.clean(text)[::-1], width)[::-1]

    def fold(self, text: str, width: int) -> list[str]:
        """Return the whole text, clean, in pieces at most `width` cells wide."""
        return chop_cells(self.clean(text), max(width, 1))

    def _shows(self, text: str) -> bool:
        try:
            text.encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True


def pad(text: str, width: int) -> str:
    """Return a text that fits, filled with spaces on its right up to `width` cells."""
    return text + " " * (width - cell_len(text))


def pad_left(text: str, width: int) -> str:
    """Return a text that fits, filled with spaces on its left up to `width` cells."""
    return " " * (width - cell_len(text)) + text
