import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_secrets import MIXED, NEAR_MISSES, TOKENS, Fake, numbered

from traced.core.secrets import tokens
from traced.core.secrets.tokens import may_hold_token, replace_tokens

PREFIXES = (
    *("sk-", "sk-ant-", "sk-proj-", "ghp_", "github_pat_", "glpat-", "xoxb-", "xapp-1-", "AIza"),
    *("ya29.", "SG.", "AKIA", "SK", "eyJ", "npm_", "hf_", "pypi-", "figd_", "whsec_", "Bearer "),
    *("-----BEGIN RSA PRIVATE KEY-----", "://a:", "@", "curl -u a:", "mysql -p", "12345678:", "."),
    *("ABCDEFGHIJKLMNOP", "0123456789abcdef0123456789abcdef", MIXED, " ", "-", "_", "\n", "\\n"),
)
mixtures = st.lists(st.sampled_from(PREFIXES), max_size=8).map("".join)


@pytest.mark.parametrize("fake", TOKENS, ids=numbered(TOKENS))
def test_a_token_is_named(fake: Fake) -> None:
    """Its mark says whose it was."""
    assert replace_tokens(fake.text) == (fake.redacted, 1)
    assert replace_tokens(fake.secret) == (f"[redacted:{fake.kind}]", 1)


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_a_near_miss_is_no_token(text: str) -> None:
    """What only looks like a token stays."""
    assert replace_tokens(text) == (text, 0)


def test_a_private_key_without_end_goes_to_the_end() -> None:
    """It was cut off, and what follows it is part of it."""
    text = "a\n-----BEGIN RSA PRIVATE KEY-----\n" + MIXED + "\n" + MIXED[:3]

    assert replace_tokens(text) == ("a\n[redacted:private-key]", 1)


@given(mixtures)
def test_what_holds_no_hint_holds_no_token(text: str) -> None:
    """The cheap look that lets most texts go never lets a token go."""
    assert may_hold_token(text) or replace_tokens(text) == (text, 0)


@given(mixtures)
def test_a_groups_hint_never_hides_a_shape(text: str) -> None:
    """No shape matches where its group's character, its hint or its own trigger is missing."""
    for character, hint, shapes in tokens._GROUPS:
        for shape in shapes:
            if shape.trigger in text and shape.pattern.search(text):
                assert character in text
                assert hint(text)
