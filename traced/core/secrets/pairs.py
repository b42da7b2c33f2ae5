"""
Secrets that are known by the name before them, in any of the ways to write a pair.

``name=value``, ``name: value``, ``"name": "value"`` at any depth of escaping, ``--name value``,
``set NAME value``, ``<name>value</name>``, headers. A name is tried once and whole, a value is
read once: linear. What names the pair stays, only the value goes.
"""

import re
from collections.abc import Iterator

from traced.core.secrets.names import Kind, kind_of_name
from traced.core.secrets.readers import Value, read_header, read_value, starts_a_line
from traced.core.secrets.values import MARK, MARK_START, Pair, is_secret

_has_key_word = re.compile(r"k(?:ey(?![a-z])|en(?<=token)(?![a-z])|ie(?<=cookie))").search
_has_pass_word = re.compile(r"pass(?:[wpc_\d]|[^a-z]|$)").search


def may_hold_pair(lower: str) -> bool:
    """Tell from a text in lower case whether it holds a word that could announce a secret."""
    return (
        ("k" in lower and _has_key_word(lower) is not None)
        or ("pass" in lower and _has_pass_word(lower) is not None)
        or "secret" in lower
        or "credential" in lower
        or ("w" in lower and "pwd" in lower)
        or ("z" in lower and "authoriz" in lower)
        or ("j" in lower and "jwt" in lower)
        or ("_" in lower and "_pat" in lower)
        or ('"' in lower and 'auth"' in lower)
        or ("=" in lower and "auth=" in lower)
        or ("&" in lower and "sig" in lower)
        or ("'" in lower and "identified by" in lower)
    )


def replace_pairs(text: str) -> tuple[str, int]:
    """Put a mark in the place of every value whose name announces a secret; count them."""
    count = 0
    for find in (_assigned, _optional, _set, _quoted_in_sql, _enclosed):
        pieces: list[str] = []
        done = 0
        for start, end in find(text):
            pieces += (text[done:start], MARK)
            done = end
        if pieces:
            text = "".join(pieces) + text[done:]
            count += len(pieces) // 2
    return text, count
