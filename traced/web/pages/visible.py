"""
Text from outside, made safe for a page: HTML is escaped, and what steers or hides is seen.

Law: no character that a terminal or a browser would obey instead of showing gets through; it stands
there in its escaped form, marked as such.
"""

import re
from typing import Final

from markupsafe import Markup, escape

from traced.show.escape import INVISIBLE

# Of a text in a line: what does not fit there is in the step's own page.
LINE_CHARS_MAX: Final = 300
# Of a text in a block: as much as a browser lays out without a pause.
BLOCK_CHARS_MAX: Final = 200_000

_STEERING: Final = re.compile(f"[\x00-\x1f{INVISIBLE}]")
_STEERING_IN_BLOCK: Final = re.compile(f"[\x00-\x08\x0b-\x1f{INVISIBLE}]")
_SPELLED: Final = {"\n": "\u21b5", "\t": " "}


def line(text: str | None, chars_max: int = LINE_CHARS_MAX) -> Markup:
    """Return the text in one line, cut at `chars_max` characters."""
    return _marked(_STEERING, _cut(text or "", chars_max))


def plain(text: str | None, chars_max: int = LINE_CHARS_MAX) -> str:
    """Return the text in one line, spelled without markup, for an attribute; not escaped yet."""
    return _STEERING.sub(_spelling, _cut(text or "", chars_max))


def block(text: str | None, chars_max: int = BLOCK_CHARS_MAX) -> Markup:
    """Return the text with its line breaks and tabs, cut at `chars_max` characters."""
    return _marked(_STEERING_IN_BLOCK, _cut((text or "").replace("\r\n", "\n"), chars_max))


def _cut(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else f"{text[: chars_max - 1]}\u2026"


def _marked(steering: re.Pattern[str], text: str) -> Markup:
    # What is put around them holds no character that HTML escaping would change.
    return Markup(steering.sub(_spelled, str(escape(text))))  # noqa: S704  # escaped just here


def _spelled(found: re.Match[str]) -> str:
    spelled = _spelling(found)
    return spelled if spelled == " " else f'<span class="esc">{spelled}</span>'


def _spelling(found: re.Match[str]) -> str:
    return _SPELLED.get(found[0]) or found[0].encode("unicode_escape").decode("ascii")
