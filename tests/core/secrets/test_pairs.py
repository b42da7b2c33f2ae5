import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_secrets import NEAR_MISSES, PAIRS, PASSWORD, Fake, numbered

from traced.core.secrets.pairs import may_hold_pair, replace_pairs

BITS = (
    *(
        "pass",
        "word",
        "token",
        "secret",
        "api_key",
        "auth",
        "orization",
        "pwd",
        "jwt",
        "_PAT",
        "sig",
    ),
    *(
        "cookie",
        "credential",
        "identified by '",
        "=",
        ":",
        '"',
        "'",
        " ",
        "&",
        "abc1",
        "-",
        "K",
    ),
)


@pytest.mark.parametrize("fake", PAIRS, ids=numbered(PAIRS))
def test_a_pair_keeps_its_name(fake: Fake) -> None:
    """Only the value goes, in every way to write a pair."""
    assert replace_pairs(fake.text, fake.text.lower()) == (fake.redacted, 1)


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_a_near_miss_is_no_pair(text: str) -> None:
    """What only looks like a pair stays."""
    assert replace_pairs(text, text.lower()) == (text, 0)


def test_all_pairs_of_a_text_are_found() -> None:
    """One after the other, each once."""
    text = f"password={PASSWORD} and --token {PASSWORD}, then <secret>{PASSWORD}</secret>"
    found = "password=[redacted] and --token [redacted], then <secret>[redacted]</secret>"

    assert replace_pairs(text, text.lower()) == (found, 3)


def test_letters_that_grow_in_lower_case_do_not_shift_what_is_found() -> None:
    """The capital dotted I becomes two characters."""
    text = f"İİİ password={PASSWORD} İ"

    assert replace_pairs(text, text.lower()) == ("İİİ password=[redacted] İ", 1)


@given(st.lists(st.sampled_from(BITS), max_size=8).map("".join))
def test_what_holds_no_hint_holds_no_pair(text: str) -> None:
    """The cheap look that lets most texts go never lets a pair go."""
    assert may_hold_pair(text, text.lower()) or replace_pairs(text, text.lower()) == (text, 0)
