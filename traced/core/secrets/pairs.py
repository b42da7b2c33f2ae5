"""
Secrets that are known by the name before them, in any of the ways to write a pair.

``name=value``, ``name: value``, ``"name": "value"`` at any depth of escaping, ``--name value``,
``set NAME value``, ``<name>value</name>``, headers. A name is tried once and whole, and what was
taken as its value is not read again: linear. Only the value goes; what names it stays.
"""

import re
from collections.abc import Callable, Iterator

from traced.core.secrets.names import Kind, kind_of_name
from traced.core.secrets.readers import (
    RUN_CHARS_MAX,
    Value,
    read_cookies,
    read_credentials,
    read_to_the_end,
    read_value,
    starts_a_line,
)
from traced.core.secrets.values import MARK, MARK_START, Pair, is_reference, is_secret

REST_CHARS_MAX = 3
"""How much after a value tells a call or a sentence from a secret."""

_has_key_word = re.compile(r"k(?:ey(?![a-z])|en(?<=token)(?![a-z])|ie(?<=cookie))").search
_has_pass_word = re.compile(r"pass(?:w|phrase|code|[^a-z]|$)").search
_has_auth_word = re.compile(r"""auth(?:oriz|\d*\\*["']?\s*[=:])""").search
_has_pat = re.compile(r"_pat(?![a-z])").search

_ASSIGNMENT = re.compile(
    r"""
    (?<![\w.-])([\w.-]++)                                     # 1: the name
    (?:
      (\\*["'`])?[\])]?[ \t]*+                                # 2: the quote that closes it
      (?:
        :[ \t]*(?:[Ss]tr(?:ing)?|bytes|SecretStr|Optional\[str\])
          (?:[ \t]*\|[ \t]*(?:None|null|undefined))?[ \t]*=(?!=)
      | (=>|:=|\?=|={1,3}(?![=~])|:(?![:=]))                  # 3: what joins it to its value
      )
    | \\*["']?,?\s{0,80}\\*["']?value\\*["']?[ \t]*[:=]       # {"name": NAME, "value": VALUE}
    )[ \t]*+
    """,
    re.VERBOSE | re.ASCII,
)
_OPTION = re.compile(
    r"""(?<![\w-])(--?[A-Za-z][\w.-]*+)(?:\\*["'])?(?:,\s*+(?=\\*["'])|[ \t]++)(?!-)""",
    re.ASCII,
)
_SETTING = re.compile(
    r"(?<![\w-])(?:set|setenv|ENV)[ \t]++(?:--?\w++[ \t]++){0,3}([\w.]++)[ \t]++(?![-=:&|;])",
    re.ASCII,
)
_ELEMENT = re.compile(r"<([\w.:-]++)>([^<>\s][^<>\n]*)</", re.ASCII)
_VARIABLE = re.compile(r"[A-Z]|\w*_", re.ASCII)
_SQL = re.compile(
    r"\b(?:password|identified[ \t]+by(?:[ \t]+password)?)[ \t]+\\*'([^'\\\n]+)",
    re.IGNORECASE | re.ASCII,
)
_NETRC = re.compile(r"\blogin\s+\S+\s+password\s+(\S+)", re.ASCII)
_CONNECTION_STRING = re.compile(r";[ \t]*pwd=([^;\s\"'\\]+)", re.IGNORECASE | re.ASCII)


def may_hold_pair(lower: str) -> bool:
    """Tell from a text in lower case whether a word in it could announce a secret."""
    return (
        ("k" in lower and _has_key_word(lower) is not None)
        or ("pass" in lower and _has_pass_word(lower) is not None)
        or "secret" in lower
        or (("=" in lower or ":" in lower) and _may_hold_rare_pair(lower))
        or ("'" in lower and "identified by" in lower)
    )


def _may_hold_rare_pair(lower: str) -> bool:
    return (
        ("auth" in lower and _has_auth_word(lower) is not None)
        or "credential" in lower
        or ("w" in lower and "pwd" in lower)
        or ("j" in lower and "jwt" in lower)
        or ("_" in lower and _has_pat(lower) is not None)
        or ("sig" in lower and "sig=" in lower)
    )


def replace_pairs(text: str) -> tuple[str, int]:
    """Put a mark in the place of every value whose name announces a secret; count them."""
    count = 0
    for signs, find in _FORMS:
        if not any(sign in text for sign in signs):
            continue
        pieces: list[str] = []
        done = 0
        for start, end in find(text):
            pieces += (text[done:start], MARK)
            done = end
        if pieces:
            text = "".join(pieces) + text[done:]
            count += len(pieces) // 2
    return text, count


def _assigned(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while match := _ASSIGNMENT.search(text, at):
        start, at = match.span(1)
        if text[start - 1 : start] == "\\" and text[start] in "nrt":  # an escape, not a letter
            start += 1
        kind = kind_of_name(text[start:at])
        if kind is Kind.NONE or text.endswith(MARK_START + ":", 0, start):
            continue
        value, hide = _judged(text, match, start, kind)
        if hide:
            value = read_to_the_end(text, value)
            yield value.start, value.end
        at = value.end if hide or value.end - value.start > RUN_CHARS_MAX else match.end()


def _judged(text: str, match: re.Match[str], start: int, kind: Kind) -> tuple[Value, bool]:
    at, name = match.end(), text[start : match.end(1)]
    joint = text[match.end(1) : at]
    tight = match[3] != ":" and not joint[-1:].isspace() and not joint[0:1].isspace()
    in_string = match[2] is None
    if kind is Kind.AUTHORIZATION:
        before = text[start - 1 : start]
        around = before if before in {'"', "'"} else ""
        value, sure = read_credentials(text, at, around=around, in_string=in_string)
        kind = Kind.STRONG if sure else Kind.WEAK
        if sure:
            return value, value.start < value.end and not is_reference(text[value.start : value.end])
    elif kind is Kind.COOKIE and match[3] == ":" and text[at : at + 1] not in {'"', "'", "\\"}:
        value = read_cookies(text, at)
        return value, value.start < value.end and not is_reference(text[value.start : value.end])
    else:
        whole_line = kind is not Kind.COOKIE and starts_a_line(text, start)
        value = read_value(text, at, in_string=in_string, whole_line=whole_line)
    return value, _is_secret(text, kind, name, value, tight=tight)


def _is_secret(text: str, kind: Kind, name: str, value: Value, *, tight: bool) -> bool:
    rest = text[value.end : value.end + REST_CHARS_MAX]
    content = text[value.start : value.end]
    return is_secret(Pair(kind, name, content, quoted=value.quoted, tight=tight, rest=rest))


def _passed(text: str) -> Iterator[tuple[int, int]]:
    """Find what is passed to an option: ``--token abc``, ``["--token", "abc"]``."""
    return _spoken(text, _OPTION)


def _set(text: str) -> Iterator[tuple[int, int]]:
    """Find what a variable is set to without ``=``: ``set -gx FOO_TOKEN abc``, ``ENV FOO abc``."""
    return _spoken(text, _SETTING)


def _spoken(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    at = 0
    while match := pattern.search(text, at):
        name, at = match[1], match.end(1)
        kind = kind_of_name(name)
        if kind is Kind.NONE or (pattern is _SETTING and not _VARIABLE.match(name)):
            continue
        value = read_value(text, match.end(), in_string=True)
        if _is_secret(text, kind, name, value, tight=True):
            value = read_to_the_end(text, value)
            yield value.start, value.end
            at = value.end


def _enclosed(text: str) -> Iterator[tuple[int, int]]:
    """Find the text of an element: ``<password>abc</password>``."""
    for match in _ELEMENT.finditer(text):
        kind = kind_of_name(match[1])
        if kind is not Kind.NONE and is_secret(Pair(kind, match[1], match[2])):
            yield match.span(2)


def _placed(pattern: re.Pattern[str]) -> Callable[[str], Iterator[tuple[int, int]]]:
    def find(text: str) -> Iterator[tuple[int, int]]:
        for match in pattern.finditer(text):
            if not is_reference(match[1]):
                yield match.span(1)

    return find


_FORMS: tuple[tuple[tuple[str, ...], Callable[[str], Iterator[tuple[int, int]]]], ...] = (
    (("=", ":", "value"), _assigned),
    (("-",), _passed),
    (("set ", "set\t", "setenv", "ENV"), _set),
    (("</",), _enclosed),
    (("'",), _placed(_SQL)),
    (("login",), _placed(_NETRC)),
    ((";",), _placed(_CONNECTION_STRING)),
)
"""Ways to write a pair, each with signs without one of which it cannot be found."""
