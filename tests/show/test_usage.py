import msgspec
from support.rows import PROMPT

from traced.show.usage import tokens


def test_cached_tokens_are_told_as_part_of_the_input() -> None:
    """What came from a cache or went to one is of the input, and stands in brackets behind it."""
    used = msgspec.structs.replace(
        PROMPT,
        input_tokens=1200,
        output_tokens=240,
        cache_read_tokens=900,
        cache_creation_tokens=100,
    )

    assert tokens(used) == "1,200 in (900 from cache, 100 to cache), 240 out"


def test_what_nobody_told_is_left_out() -> None:
    """No figure is no nought: without any there are no words, and a told nought is one."""
    assert not tokens(PROMPT)
    assert tokens(msgspec.structs.replace(PROMPT, output_tokens=0)) == "0 out"
