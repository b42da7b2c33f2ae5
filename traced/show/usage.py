"""
The tokens that a prompt or a session used, in words.

Law: pure; a figure that nobody told is left out, not shown as nought.
"""

from traced.store.rows import Prompt, Session


def tokens(of: Prompt | Session, *, thousands: str = ",") -> str:
    """
    Return `1,200 in (900 from cache), 240 out`, or nothing where nobody told.

    `thousands` stands between each three digits.
    """
    cached = [
        f"{_number(count, thousands)} {word}"
        for count, word in (
            (of.cache_read_tokens, "from cache"),
            (of.cache_creation_tokens, "to cache"),
        )
        if count
    ]
    told = []
    if of.input_tokens is not None:
        of_them = f" ({', '.join(cached)})" if cached else ""
        told.append(f"{_number(of.input_tokens, thousands)} in{of_them}")
    if of.output_tokens is not None:
        told.append(f"{_number(of.output_tokens, thousands)} out")
    return ", ".join(told)


def _number(count: int, thousands: str) -> str:
    return f"{count:,}".replace(",", thousands)
