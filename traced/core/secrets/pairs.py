"""
Secrets that are known by the name before them, in any of the ways to write a pair.

``name=value``, ``name: value``, ``"name": "value"`` at any depth of escaping, ``--name value``,
``set NAME value``, ``<name>value</name>``, headers. Only what may end a secret's name is looked
at, and each time a bounded part of its surroundings, unless it is then taken out: linear.
Only the value goes; what names it stays.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from traced.core.secrets.names import NAME_CHARS_MAX, Kind, kind_of_name
from traced.core.secrets.readers import (
    Value,
    read_cookies,
    read_credentials,
    read_line,
    read_to_the_end,
    read_value,
    starts_a_line,
)
from traced.core.secrets.values import MARK, MARK_START, Pair, is_secret

REST_CHARS_MAX = 3
"""How much after a value tells a call or a sentence from a secret."""

BEFORE_CHARS_MAX = 80
"""How much before a name tells what it is to be set by (``set -gx``, ``login bob``)."""

_NAME_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_ASCII_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(65, 91)})

_words = re.compile(
    r"(?:pass|pwd|pswd|secret|token|key|auth|cookie|credential|jwt|sig|_pat)[a-z0-9_.-]*+"
    r"|identified by(?=[ \t]+\\*')",
).finditer
"""Every word in which `names` sees a secret, with the rest of the name it stands in."""

_has_key_word = re.compile(r"k(?:ey(?![a-z])|en(?<=token)(?![a-z])|ie(?<=cookie))").search
_has_pass_word = re.compile(r"pass(?:w|phrase|code|[^a-z]|$)").search
_has_auth_word = re.compile(r"""auth(?:oriz|[\d_.-]*[^a-z])""").search
_has_w_word = re.compile(r"w(?:d(?<=pwd|swd)|t(?<=jwt))").search

_JOINT = re.compile(
    r"""
    (\\*["'`])?[\])]?[ \t]*+                                 # 1: the quote that closes the name
    (?:
      :[ \t]*(?:[Ss]tr(?:ing)?|bytes|SecretStr|Optional\[str\])
        (?:[ \t]*\|[ \t]*(?:None|null|undefined))?[ \t]*=(?!=)
    | (=>|:=|\?=|={1,3}(?![=~])|:(?![:=]))                   # 2: what joins it to its value
    )[ \t]*+
    | \\*["']?,?[\s\\n]{0,80}\\*["']?value\\*["']?[ \t]*[:=][ \t]*+  # {"name": N, "value": V}
    """,
    re.VERBOSE,
)
_GAP = re.compile(r"""(?:\\*["'])?(?:,[ \t\n]*+(?=\\*["'])|[ \t]++)(?![-=:&|;])""")
_SET_BEFORE = re.compile(r"(?<![\w-])(?:set|setenv|ENV)[ \t]+(?:--?\w+[ \t]+){0,3}\Z")
_LOGIN_BEFORE = re.compile(r"\blogin\s+\S+\s+\Z")
_ELEMENT = re.compile(r">([^<>\s](?:[^<>\n]*(?=</)|[^<>\n]{200,}\Z))")
_SIGNS_OF_UNJOINED = ("-", "<", "'", "set", "env", "login")
_IN_PLACES = {
    "pwd": (";", Kind.STRONG),
    "sig": ("&", Kind.BLOB),
    "identified by": ("", Kind.STRONG),
}
"""Words that announce a secret only in one place: what stands right before them there."""


class _Name(NamedTuple):
    start: int
    end: int
    word: str
    kind: Kind


def may_hold_pair(text: str, lower: str) -> bool:
    """Tell from `text`, and from it in lower case, whether a word could announce a secret."""
    return (
        ("k" in lower and _has_key_word(lower) is not None)
        or ("pass" in lower and _has_pass_word(lower) is not None)
        or "secret" in lower
        or "credential" in lower
        or ("auth" in lower and _has_auth_word(lower) is not None)
        or ("w" in lower and _has_w_word(lower) is not None)
        or ("P" in text and "_PAT" in text)
        or ("&" in lower and "sig=" in lower)
        or ("'" in lower and "identified by" in lower)
    )


def replace_pairs(text: str, lower: str) -> tuple[str, int]:
    """
    Put a mark in the place of every value whose name announces a secret; count them.

    `lower` is `text` in lower case.
    """
    if len(lower) != len(text):  # a few letters grow: positions would no longer agree
        lower = text.translate(_ASCII_LOWER)
    pieces: list[str] = []
    done = 0
    for start, end in _found(text, lower):
        pieces += (text[done:start], MARK)
        done = end
    if not pieces:
        return text, 0
    return "".join(pieces) + text[done:], len(pieces) // 2


def _found(text: str, lower: str) -> Iterator[tuple[int, int]]:
    at = 0
    unjoined = any(sign in lower for sign in _SIGNS_OF_UNJOINED)
    for match in _words(lower):
        if match.start() < at:  # in a value that is taken out already
            continue
        joint = _JOINT.match(text, match.end())
        if joint is None and not unjoined:
            continue
        name = _name(text, match.start(), match.end())
        if name is None:
            continue
        value = _assigned(text, name, joint) if joint else _unjoined(text, name)
        if value:
            value = read_to_the_end(text, value)
            yield value.start, value.end
            at = value.end


def _name(text: str, word: int, end: int) -> _Name | None:
    """Complete a word to the name it stands in, if that announces a secret."""
    head = text[max(0, word - NAME_CHARS_MAX) : word]
    start = word - len(head) + len(head.rstrip(_NAME_CHARS))
    if text[start - 1 : start] == "\\" and text[start] in "nrt":  # an escape, not its letter
        start += 1
    name = text[start:end]
    kind = kind_of_name(name)
    if kind is Kind.NONE and (place := _IN_PLACES.get(name.lower())):
        kind = place[1] if text.endswith(place[0], 0, start) else Kind.NONE
    if kind is Kind.NONE or text.endswith(MARK_START + ":", 0, start):
        return None
    return _Name(start, end, name, kind)


def _unjoined(text: str, name: _Name) -> Value | None:
    """Find the secret behind a name that nothing but a space or a bracket joins to its value."""
    if text[name.start - 1 : name.start] == "<":
        element = _ELEMENT.match(text, name.end)
        value = Value(*element.span(1), quoted=True) if element else None
        return value if value and _is_secret(text, name, value) else None
    gap = _GAP.match(text, name.end)
    if gap and _takes_a_word(text, name, gap.end()):
        value = read_value(text, gap.end(), in_string=True)
        return value if _is_secret(text, name, value) else None
    return None


def _assigned(text: str, name: _Name, joint: re.Match[str]) -> Value | None:
    at, in_string, colon = joint.end(), joint[1] is None, joint[2] == ":"
    if name.kind is Kind.COOKIE and colon and in_string:
        value = read_cookies(text, at)
        return value if _is_secret(text, name, value._replace(quoted=True)) else None
    if name.kind is Kind.AUTHORIZATION:
        before = text[name.start - 1 : name.start]
        around = before if before in {'"', "'"} else ""
        value, has_scheme = read_credentials(text, at, around=around, in_string=in_string)
        seen = value._replace(quoted=value.quoted or has_scheme)
        return value if _is_secret(text, name, seen, tight=False) else None
    value = read_value(text, at, in_string=in_string)
    tight = not colon and " " not in joint[0] and "\t" not in joint[0]
    if not value.quoted and (joint[2] or "").startswith("=="):  # compared with a variable
        return None
    if not _is_secret(text, name, value, tight=tight):
        return None
    alone = not value.quoted and starts_a_line(text, name.start)
    return (read_line(text, at) if alone else None) or value


def _takes_a_word(text: str, name: _Name, at: int) -> bool:
    """Tell whether what follows `name` after a space is its value."""
    if name.word.startswith("-"):
        return True
    lower = name.word.lower()
    if lower in {"password", "identified by"} and text[at : at + 1] in {"'", "\\"}:  # SQL
        return text[name.end : at].isspace()
    before = text[max(0, name.start - BEFORE_CHARS_MAX) : name.start]
    if lower == "password" and _LOGIN_BEFORE.search(before):  # .netrc
        return True
    is_variable = "_" in name.word or name.word[0].isupper()
    return is_variable and _SET_BEFORE.search(before) is not None


def _is_secret(text: str, name: _Name, value: Value, *, tight: bool = True) -> bool:
    rest = text[value.end : value.end + REST_CHARS_MAX]
    content = text[value.start : value.end]
    return is_secret(Pair(name.kind, name.word, content, value.quoted, tight, rest))
