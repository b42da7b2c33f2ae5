import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_secrets import FAKES, NEAR_MISSES, PASSWORD, TOKENS, Fake, numbered

from traced.core.redact import Redactor, compiled

BITS = (
    *(fake.text for fake in FAKES[::7]),
    *("password", "token", "secret", "api_key", "Authorization", "cookie", "auth", "pwd", "pass"),
    *("=", ":", " = ", ": ", '"', "'", "\\", '\\"', "`", "\n", "\\n", " ", ",", ";", "&", "@", "-"),
    *("$", "{", "}", "(", ")", "[", "]", "<", ">", "</", "://", "#", "|", "--token ", "set ", "-p"),
    *("[redacted]", "[redacted:jwt]", "value", "Bearer ", "Digest ", "curl -u a:", "mysql ", "İ"),
    *("abc", "hunter3", "1234", "\ud800", "\x00", "é", "self.", "None", "is "),
)
texts = st.text() | st.lists(st.sampled_from(BITS), max_size=12).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("fake", FAKES, ids=numbered(FAKES))
def test_a_secret_is_replaced_and_what_names_it_kept(fake: Fake) -> None:
    """Every kind of secret goes, and nothing but the secret."""
    assert Redactor().text(fake.text) == fake.redacted


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_what_only_looks_like_a_secret_is_kept(text: str) -> None:
    """Hashes, paths, prose, code, references and counts stay as they are."""
    assert Redactor().text(text) == text


@pytest.mark.parametrize("fake", TOKENS, ids=numbered(TOKENS))
def test_a_token_is_found_after_an_escaped_newline(fake: Fake) -> None:
    """In a raw line the letter before a token can belong to an escape."""
    assert fake.secret not in Redactor().text(f'{{"output":"one\\n{fake.secret}"}}')


@pytest.mark.parametrize("fake", FAKES, ids=numbered(FAKES))
def test_a_secret_is_found_in_json_that_did_not_parse(fake: Fake) -> None:
    """What was escaped once, as a JSON string, or twice, is found in bytes too."""
    redactor = Redactor()
    once = json.dumps({"command": fake.text})[:-1]
    twice = json.dumps({"payload": once})[:-1]

    assert fake.secret not in redactor.raw(once.encode()).decode()
    assert fake.secret not in redactor.raw(twice.encode()).decode()


def test_redactions_are_counted() -> None:
    """`count` is the number of marks put in so far; none for one that stands already."""
    redactor = Redactor()
    redactor.text(f"password={PASSWORD} token={PASSWORD}")
    redactor.text("password=[redacted]")
    redactor.json_value({"password": PASSWORD})

    assert redactor.count == 3


def test_a_value_behind_a_secret_key_is_hidden_whole() -> None:
    """In parsed JSON the key alone decides, whatever the text; other keys and numbers stay."""
    value = {
        "password": "two words",
        "api_key": "abc",
        "Authorization": "Bearer abc",
        "cookie": "a",
        "passwords": ["a", "b", 3],
        "max_tokens": 4096,
        "token_count": "5",
        "secret_name": "db",
        "token": 17,
        "nested": [{"clientSecret": "x", "note": f"password={PASSWORD}"}],
    }

    assert Redactor().json_value(value) == {
        "password": "[redacted]",
        "api_key": "[redacted]",
        "Authorization": "[redacted]",
        "cookie": "[redacted]",
        "passwords": ["[redacted]", "[redacted]", 3],
        "max_tokens": 4096,
        "token_count": "5",
        "secret_name": "db",
        "token": 17,
        "nested": [{"clientSecret": "[redacted]", "note": "password=[redacted]"}],
    }


def test_json_itself_is_not_changed() -> None:
    """`json_value` returns a copy."""
    value = {"a": [{"password": "x"}]}
    Redactor().json_value(value)

    assert value == {"a": [{"password": "x"}]}


def test_a_named_value_is_hidden() -> None:
    """A list of names and values, as Kubernetes and HAR write them, is read as pairs."""
    value = [{"name": "DB_PASSWORD", "value": "x"}, {"key": "a", "value": "y"}]

    assert Redactor().json_value(value) == [
        {"name": "DB_PASSWORD", "value": "[redacted]"},
        {"key": "a", "value": "y"},
    ]


def test_an_options_value_is_hidden_in_a_list_of_arguments() -> None:
    """A command as a list is read like a command line."""
    value = ["tool", "--token", "abc", "--password", "--verbose"]

    assert Redactor().json_value(value) == [
        "tool",
        "--token",
        "[redacted]",
        "--password",
        "--verbose",
    ]


def test_a_key_that_is_a_secret_is_replaced() -> None:
    """Keys are texts too."""
    key = "ghp" + "_" + "a1B2" * 9

    assert Redactor().json_value({key: 1}) == {"[redacted:github-token]": 1}


def test_any_depth_of_json_is_walked() -> None:
    """No nesting that a parser lets through is too deep."""
    value: list[object] = [f"password={PASSWORD}"]
    for _ in range(100_000):
        value = [value]
    copy = Redactor().json_value(value)
    while isinstance(copy, list):
        copy = copy[0]

    assert copy == "password=[redacted]"


def test_an_own_pattern_is_a_secret() -> None:
    """What the settings name is replaced, in every kind of text."""
    redactor = Redactor([r"ACME-\d{4}", "näme"])

    assert (
        redactor.text("ticket ACME-1234 of näme") == "ticket [redacted:custom] of [redacted:custom]"
    )
    assert redactor.raw("\xff näme".encode()) == "\xff [redacted:custom]".encode()
    assert redactor.json_value(["ACME-1234"]) == ["[redacted:custom]"]
    assert redactor.count == 4


def test_an_own_pattern_leaves_marks_alone() -> None:
    """Even a pattern of any word redacts once."""
    redactor = Redactor([r"\w+"])

    assert redactor.text(redactor.text("a b")) == "[redacted:custom] [redacted:custom]"


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "x*"])
def test_a_bad_pattern_is_named(pattern: str) -> None:
    """What cannot be compiled, or matches everywhere, is refused by name."""
    with pytest.raises(ValueError, match="redaction pattern ") as raised:
        Redactor([pattern])

    assert repr(pattern) in str(raised.value)


@given(texts)
def test_redacting_twice_is_redacting_once(text: str) -> None:
    """What comes out is left alone by a second redaction, and counts nothing."""
    once = Redactor().text(text)
    again = Redactor()

    assert again.text(once) == once
    assert again.count == 0


@given(values)
def test_any_json_is_redacted_once(value: object) -> None:
    """Any JSON comes out as JSON that a second redaction leaves alone."""
    once = Redactor().json_value(value)

    assert Redactor().json_value(once) == once


@given(st.binary() | texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_redacted_once(line: bytes) -> None:
    """Any bytes, UTF-8 or not, come out as bytes that a second redaction leaves alone."""
    once = Redactor().raw(line)

    assert Redactor().raw(once) == once


@given(st.binary(), st.binary())
def test_bytes_around_a_secret_are_kept(before: bytes, after: bytes) -> None:
    """Nothing is lost or decoded beside a secret, whatever the bytes."""
    line = before + b' "password":"' + PASSWORD.encode() + b'", ' + after
    redacted = Redactor().raw(line)

    assert PASSWORD.encode() not in redacted
    if Redactor().raw(before) == before and Redactor().raw(after) == after:
        assert redacted.endswith(after)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_secret_of_wide_characters_is_a_secret(encoding: str) -> None:
    """A line in UTF-16 does not parse; what is kept of it is redacted, and without its NULs."""
    line = b'{"v":1,"payload":' + f'"password":"{PASSWORD}", häme'.encode(encoding)
    redacted = Redactor().raw(line)

    assert PASSWORD.encode() not in redacted.replace(b"\0", b"")
    assert redacted == b'{"v":1,"payload":"password":"[redacted]", h\xe4me'


def test_bytes_with_nulls_and_no_secret_are_kept() -> None:
    """NULs go only together with a secret."""
    line = "no secret here".encode("utf-16")

    assert Redactor().raw(line) == line


@pytest.mark.parametrize("fake", FAKES, ids=numbered(FAKES))
def test_what_was_redacted_in_pieces_stays_as_it_is(fake: Fake) -> None:
    """A summary is put together of values that were redacted one by one."""
    redactor = Redactor()
    text = f"command={redactor.text(fake.text)}, password=[redacted]"

    assert redactor.again(text) == text


def test_what_another_redactor_let_through_is_looked_at_again() -> None:
    """Patterns differ, and who wrote the marks is not known."""
    text = f"Cookie: [redacted], user=[redacted], hush, password={PASSWORD}"

    assert Redactor(["hush"]).again(text) == (
        "Cookie: [redacted], user=[redacted], [redacted:custom], password=[redacted]"
    )


def test_patterns_can_be_replaced() -> None:
    """Those that were there before no longer hold; what was taken out so far stays counted."""
    redactor = Redactor(["hush"])
    assert redactor.text("hush, quiet") == "[redacted:custom], quiet"
    redactor.patterns = compiled(["quiet"])

    assert redactor.text("hush, quiet") == "hush, [redacted:custom]"
    assert redactor.count == 2
