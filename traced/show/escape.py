r"""
Text from outside, made safe to show: what would steer a terminal or hide is spelled out.

Law: everything that an agent, a tool or a file wrote goes through here before it reaches a
terminal. A line break becomes \n, an escape character \x1b, a change of direction \u202e.
"""

import json
import re
from typing import Final

# Beside the characters that steer a terminal (C0, DEL, C1), those that are not seen but change
# what is: line separators, the marks, embeddings, overrides and isolates of text direction (CVE-
# 2021-42574), zero-width characters but the joiners that scripts and emoji need, tags, and lone
# surrogates, which no terminal's encoding has.
INVISIBLE: Final = (
    "\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f"
)
_NOT_PRINTABLE: Final = re.compile(f"[\x00-\x1f{INVISIBLE}]")
_NOT_PRINTABLE_IN_JSON: Final = re.compile(f"[{INVISIBLE}]")


def printable(text: str) -> str:
    """Return the text in one line, with every character that steers or hides spelled out."""
    return _NOT_PRINTABLE.sub(_spelled, text)


def printable_json(document: str) -> str:
    """
    Return an equal JSON document that a terminal can show as it is.

    The control characters below U+0020 are spelled out in any JSON; the others can stand only
    within strings, where an escape means the same.
    """
    return _NOT_PRINTABLE_IN_JSON.sub(_spelled_in_json, document)


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _spelled_in_json(found: re.Match[str]) -> str:
    # json has two escapes for a character beyond U+FFFF, where Python's own form has one.
    return json.dumps(found[0])[1:-1]
