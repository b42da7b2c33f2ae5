"""
The tokens that a prompt or a session used, in words.

Law: pure; a figure that nobody told is left out, not shown as nought.
"""

from collections.abc import Callable

from traced.store.rows import Prompt, Session


def tokens(of: Prompt | Session, *, number: Callable[[int], str] = "{:,}".format) -> str:
    """
    Return `1,200 in (900 from cache), 240 out`, or nothing where nobody told.

    `number` writes a figure.
    """
    cached = [
        f"{number(count)} {word}"
        for count, word in (
            (of.cache_read_tokens, "from cache"),
            (of.cache_creation_tokens, "to cache"),
        )
        if count
    ]
    told = []
    if of.input_tokens is not None:
        of_them = f" ({', '.join(cached)})" if cached else ""
        told.append(f"{number(of.input_tokens)} in{of_them}")
    if of.output_tokens is not None:
        told.append(f"{number(of.output_tokens)} out")
    return ", ".join(told)
