"""
`next`: where the page after this one begins, as a word that only we read.

Law: what we wrote is read back as it was; anything else is refused, a word of another list too.
"""

import base64
import binascii
import re
from typing import Final

from traced.web.problem import WrongField

_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_INSIDE: Final = re.compile(rb"([a-z]+)((?::[0-9]{1,19}){1,2})")
_INT64_MAX: Final = 2**63 - 1


def write_cursor(kind: str, *key: int) -> str:
    """Return the word for a place in a list of this kind (lower-case letters)."""
    inside = ":".join([kind, *map(str, key)]).encode()
    return base64.urlsafe_b64encode(inside).rstrip(b"=").decode()


def read_cursor(word: str, kind: str, numbers: int) -> tuple[int, ...]:
    """
    Return the key of the place, which has so many numbers.

    Raises:
        WrongField: If it is no word that `write_cursor` made for this kind.
    """
    try:
        padded = word + "=" * (-len(word) % 4)
        found = (
            _INSIDE.fullmatch(base64.urlsafe_b64decode(padded)) if _WORD.fullmatch(word) else None
        )
    except binascii.Error:
        found = None
    key = () if found is None else tuple(map(int, found[2].split(b":")[1:]))
    if found is None or found[1] != kind.encode() or len(key) != numbers or max(key) > _INT64_MAX:
        raise WrongField("before", word, "the `next` of an earlier page of this list")
    return key
