"""
Where the value behind a name begins and ends.

Nothing is judged here. Quotes may be escaped to any depth (JSON within JSON within a shell's
string); a quote that is never closed holds to the end of its line, for the text may have been cut.
"""

import re
from typing import NamedTuple

from traced.core.secrets.values import MARK_START

LEAD_CHARS_MAX = 40
"""How far back a line's beginning is looked for: an indentation, a dash, ``export``."""


class Value(NamedTuple):
    """Where a value stands in its text, without its quotes."""

    start: int
    end: int
    quoted: bool


_OPENER = re.compile(r"""[bBfFrRuU]{0,2}(\\*)(["'])(?:\2\2)?""")
_CLOSING = {quote: re.compile(rf"(?<!\\)(\\*)({quote}|\n)") for quote in "\"'"}
_CLOSED_BEFORE = re.compile(r"""\s*(?:[+),;}.\]%]|$)""", re.MULTILINE)
"""What follows a quote that ends the name's own string (``print("token: ", t)``)."""

_NO_VALUE = re.compile(r"""[`<>|&]|//|\$\(|\$?\{\{|[({\[](?!redacted)""")
_RUN = re.compile(r"""[^\s"'`\\,;&|<>)}\]]*(?:\\(?![nrtu"'])[^\s"'`\\,;&|<>)}\]]*)*""")
_WHOLE_RUN = re.compile(r"""([^\s"'`\\]*(?:\\(?![nrtu"'])[^\s"'`\\]*)*)[ \t]*(?:\#|\r|\n|\\[nr]|$)""")
_LEAD = re.compile(
    r"""[ \t]*(?:[-*][ \t]+)?(?:(?:export|set|local|readonly|declare|ENV|ARG)[ \t]+)?["'$]?""",
)

_SCHEME = re.compile(
    r"(?:bearer|basic|token|apikey|api-key|bot|key|geniekey|sswss?|jwt|negotiate|ntlm)[ \t]+"
    r"|(?:digest|oauth|hawk|mac|aws4-hmac-sha256)[ \t]+",
    re.IGNORECASE,
)


def starts_a_line(text: str, at: int) -> bool:
    """Tell whether the name at `at` is the first thing said on its line."""
    head = text[max(0, at - LEAD_CHARS_MAX) : at]
    newline = max(head.rfind("\n"), head.rfind("\\n") + 1)
    if newline < 1 and not head.startswith("\n") and at > LEAD_CHARS_MAX:
        return False
    return _LEAD.fullmatch(head, newline + 1 if newline > 0 or head[0:1] == "\n" else 0) is not None
