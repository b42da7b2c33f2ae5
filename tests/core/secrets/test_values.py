import pytest

from traced.core.secrets.names import Kind
from traced.core.secrets.values import Pair, is_reference, is_secret


@pytest.mark.parametrize(
    "value",
    [
        *("$TOKEN", "${TOKEN}", "${token}", "$password", "$1", "$(cat token)", "%TOKEN%", "%s"),
        *("${{ secrets.TOKEN }}", "{{ token }}", "{self.token}", "<your token>", "%(token)s"),
        *("****", "xxxx", "[redacted]", "[redacted:jwt]"),
    ],
)
def test_a_reference_holds_no_secret(value: str) -> None:
    """What only points to a secret, stands for one, or stood for one."""
    assert is_reference(value)


@pytest.mark.parametrize(
    "value", ["$ecret", "${TOKEN:-abc}", "x$TOKEN", "[redacted]abc", "hunter", "xx", ""]
)
def test_what_holds_more_than_a_name_is_no_reference(value: str) -> None:
    """A default, an affix or a word of its own can be the secret."""
    assert not is_reference(value)


@pytest.mark.parametrize("value", ["", "true", "None", "string", "inherit", "$TOKEN"])
def test_a_quoted_value_is_kept_only_where_it_says_nothing(value: str) -> None:
    """An empty one, a switch, a type or a reference."""
    assert not is_secret(Pair(Kind.STRONG, "password", value))
    assert is_secret(Pair(Kind.STRONG, "password", value + " x"))


def test_a_count_of_tokens_is_kept() -> None:
    """Digits behind a weak name are a number; behind a strong one, or more of them, a secret."""
    assert not is_secret(Pair(Kind.WEAK, "token", "4096", quoted=False))
    assert is_secret(Pair(Kind.WEAK, "token", "1234567890", quoted=False))
    assert is_secret(Pair(Kind.STRONG, "password", "1234", quoted=False))


@pytest.mark.parametrize(
    ("value", "rest"),
    [
        *(("getpass", "("), ("get(", ""), ("config.token", ""), ("self.x", ""), ("tokens", "[0")),
        *(("token", ","), ("access_token", ")"), ("args.token", ""), ("$row", ">pass")),
    ],
)
def test_code_is_kept(value: str, rest: str) -> None:
    """A call, a member or a variable of the same name; but an environment variable has no code."""
    assert not is_secret(Pair(Kind.WEAK, "token", value, quoted=False, rest=rest))
    assert is_secret(Pair(Kind.STRONG, "TOKEN_SECRET", value, quoted=False, rest=rest))


@pytest.mark.parametrize(("value", "rest"), [("must", " be"), ("must", ". A"), ("is", " it")])
def test_a_sentence_is_kept(value: str, rest: str) -> None:
    """A word after a colon that is followed by another; the last word of a line is a value."""
    assert not is_secret(Pair(Kind.STRONG, "password", value, quoted=False, tight=False, rest=rest))
    assert is_secret(Pair(Kind.STRONG, "password", "must", quoted=False, tight=False, rest="\n"))


def test_a_verdict_is_kept() -> None:
    """Test runners say PASS."""
    assert not is_secret(Pair(Kind.WEAK, "PASS", "t1", quoted=False, tight=False))
    assert is_secret(Pair(Kind.WEAK, "pass", "abc1", quoted=False, tight=False))


def test_the_file_of_a_secret_is_kept() -> None:
    """Where a key lies is no secret, unless the name cannot mean a file."""
    assert not is_secret(Pair(Kind.STRONG, "--private-key", "~/.ssh/id.pem", quoted=False))
    assert is_secret(Pair(Kind.STRONG, "secret_key", "/abc", quoted=False))


def test_a_blob_must_look_like_one() -> None:
    """``auth`` is hidden only where it is base64."""
    assert is_secret(Pair(Kind.BLOB, "auth", "Ym9iOmh1bnRlcjI="))
    assert not is_secret(Pair(Kind.BLOB, "auth", "oauth"))
    assert not is_secret(Pair(Kind.BLOB, "auth", "authentication"))
