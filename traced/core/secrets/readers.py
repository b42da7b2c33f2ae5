"""
Where the value behind a name begins and ends.

Nothing is judged here. Quotes may be escaped to any depth (JSON within JSON within a shell's
string); one that is never closed holds to the end of its line, for the text may have been cut.
"""

import re
from typing import NamedTuple

LEAD_CHARS_MAX = 40
"""How far back the beginning of a line is looked for: an indentation, a dash, ``export``."""

RUN_CHARS_MAX = 512
"""How much of an unquoted value is read to judge it: reading on from each name would be square."""


class Value(NamedTuple):
    """Where a value stands in its text, without its quotes."""

    start: int
    end: int
    quoted: bool


_OPENER = re.compile(r"""[bBfFrRuU]{0,2}(\\*)(["'])(?:\2\2)?""")
_CLOSING = {quote: re.compile(rf"(?<!\\)(\\*)({quote}|\n)") for quote in "\"'"}
_CLOSED_ALREADY = re.compile(r"\s*(?:[+),;}.\]%]|$)", re.MULTILINE)
"""What follows a quote that ends the string in which the name stands: ``("token: ", t)``."""

_NO_VALUE = re.compile(r"[`<>|&]|//|\$\(|\$?\{\{|[({]|\[(?!redacted)")
_RUN = re.compile(r"""[^\s"'`\\,;&|<>)}\]]*(?:\\(?![nrtu"'])[^\s"'`\\,;&|<>)}\]]*)*""")
_MARK = re.compile(r"\[redacted[:a-z-]*\]")
_LINE = re.compile(r"""[^\s"'`\\]*(?:\\(?![nrtu"'])[^\s"'`\\]*)*""")
_LINE_END = re.compile(r"[ \t]*(?:[ \t]#|\r|\n|\\[nr]|\Z)")
_NEXT_FIELD = re.compile(r"[&;,][A-Za-z][\w.-]*=", re.ASCII)
_LEAD = re.compile(
    r"(?:\A|\n|\\n)[ \t]*(?:[-*][ \t]+)?"
    r"""(?:(?:export|set|local|readonly|declare|ENV|ARG)[ \t]+)?["'$]?\Z""",
)
_SCHEME = re.compile(
    r"(?:bearer|basic|token|apikey|api-key|bot|key|geniekey|ssws|jwt|negotiate|ntlm)[ \t]+"
    r"|(digest|oauth|hawk|mac|aws4-hmac-sha256)[ \t]+",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(r"""[^\s"'`\\,;<>)}\]]*""")
_PARAMETERS = {
    "": re.compile(r"[^\r\n\\]*(?:\\(?![nr])[^\r\n\\]*)*"),
    '"': re.compile(r"""[^\r\n"\\]*(?:\\(?![nr"\\])[^\r\n"\\]*)*"""),
    "'": re.compile(r"""[^\r\n'\\]*(?:\\(?![nr'\\])[^\r\n'\\]*)*"""),
}
"""What holds several credentials (``Digest``): the line, or the string around them."""
_COOKIES = re.compile(r"""(?:\[redacted[:a-z-]*\]|[^\s=:;,"'\\]+=)[^\r\n\\"']*""")


def starts_a_line(text: str, at: int) -> bool:
    """Tell whether the name at `at` is the first thing said on its line."""
    head = text[max(0, at - LEAD_CHARS_MAX) : at]
    return _LEAD.search(head if at <= LEAD_CHARS_MAX else "." + head) is not None


def read_value(text: str, at: int, *, in_string: bool = False) -> Value:
    """
    Find the value that begins at `at`; it is empty if there is none.

    With `in_string` a quote may be the end of the string that began before the name.
    """
    opener = _OPENER.match(text, at)
    if opener:
        if in_string and _CLOSED_ALREADY.match(text, opener.end()):
            return Value(at, at, quoted=True)
        return _quoted(text, opener)
    if _NO_VALUE.match(text, at):
        return Value(at, at, quoted=False)
    mark = _MARK.match(text, at)
    run = _RUN.match(text, mark.end() if mark else at, at + RUN_CHARS_MAX)
    return Value(at, run.end() if run else at, quoted=False)


def read_line(text: str, at: int) -> Value | None:
    """Find a bare value that is alone on its line, with its commas and brackets."""
    line = _LINE.match(text, at)
    if line is None or not _LINE_END.match(text, line.end()) or _NO_VALUE.match(text, at):
        return None
    following = _NEXT_FIELD.search(line[0])
    alone = line[0][: following.start()] if following else line[0].rstrip(",;")
    return Value(at, at + len(alone), quoted=False)


def read_to_the_end(text: str, value: Value) -> Value:
    """Complete a value of which no more than `RUN_CHARS_MAX` was read to judge it."""
    if value.quoted or value.end - value.start < RUN_CHARS_MAX:
        return value
    run = _RUN.match(text, value.end)
    return value._replace(end=max(value.end, run.end() if run else 0))


def read_credentials(text: str, at: int, *, around: str, in_string: bool) -> tuple[Value, bool]:
    """
    Find the credentials in a header's value, without their scheme; tell if there is a scheme.

    `around` is the quote before the header's name, or nothing.
    """
    opener = _OPENER.match(text, at)
    if opener:
        value = read_value(text, at, in_string=in_string)
        scheme = _SCHEME.match(text, value.start, value.end)
        return (value._replace(start=scheme.end()) if scheme else value), scheme is not None
    scheme = _SCHEME.match(text, at)
    if scheme is None:
        return read_value(text, at), False
    found = (_PARAMETERS[around] if scheme[1] else _CREDENTIALS).match(text, scheme.end())
    return Value(scheme.end(), found.end() if found else scheme.end(), quoted=False), True


def read_cookies(text: str, at: int) -> Value:
    """Find the cookies of a header: all that is left of its line or string."""
    cookies = _COOKIES.match(text, at)
    return Value(at, cookies.end() if cookies else at, quoted=False)


def _quoted(text: str, opener: re.Match[str]) -> Value:
    r"""
    Find the end of a string whose quote has as many backslashes before it as its opener.

    Within a string at depth `\"` each further depth doubles the backslashes and adds one, so an
    even number of those pairs belongs to the content and a smaller number closes an outer string.
    """
    slashes, start = len(opener[1]), opener.end()
    for mark in _CLOSING[opener[2]].finditer(text, start):
        before = len(mark[1])
        if mark[2] == "\n":
            return Value(start, mark.end(1), quoted=True)
        if before < slashes:
            return Value(start, mark.start(), quoted=True)
        if (before - slashes) % (2 * slashes + 2) == 0:
            return Value(start, mark.end(1) - slashes, quoted=True)
    return Value(start, len(text), quoted=True)
