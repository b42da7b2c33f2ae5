import pytest

from traced.core.secrets.readers import (
    Value,
    read_cookies,
    read_credentials,
    read_line,
    read_to_the_end,
    read_value,
    starts_a_line,
)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('"abc" d', "abc"),
        ("'a b' d", "a b"),
        ('f"abc"', "abc"),
        ('"""abc""" d', "abc"),
        (r'"a\"b\\" c', r"a\"b\\"),
        (r"\"abc\" d", "abc"),
        (r"\"a\\\"b\" c", r"a\\\"b"),
        (r"\\\"abc\\\" d", "abc"),
        (r'\"cut by the outer" d', "cut by the outer"),
        ('"never closed', "never closed"),
        ('"never closed\nnext', "never closed"),
    ],
)
def test_a_string_ends_with_its_own_quote(text: str, content: str) -> None:
    """As deep as it is escaped; else with the outer string, the line or the text."""
    value = read_value(text, 0)

    assert value.quoted
    assert text[value.start : value.end] == content


@pytest.mark.parametrize(
    ("text", "content"),
    [
        *(("abc d", "abc"), ("abc,d", "abc"), ("abc)", "abc"), ("a+/b==&c", "a+/b=="), ("", "")),
        *((r"abc\n d", "abc"), (r"a\xb c", r"a\xb"), ('ab"c', "ab"), ("`x`", ""), ("$(x)", "")),
        *(("{a}", ""), ("[a]", ""), ("//a", ""), ("[redacted]b c", "[redacted]b")),
    ],
)
def test_a_bare_value_ends_where_a_word_does(text: str, content: str) -> None:
    """At a space, a quote, an escape or a mark that separates."""
    value = read_value(text, 0)

    assert text[value.start : value.end] == content


@pytest.mark.parametrize(
    ("text", "content"),
    [
        *(("a,b;c)d\nx", "a,b;c)d"), ("a,b,", "a,b"), ("a,b # note", "a,b"), (r"a,b\nc", "a,b")),
        *(("a&b=c", "a"), ("a;Server=c", "a")),
    ],
)
def test_a_value_alone_on_its_line_is_taken_whole(text: str, content: str) -> None:
    """With what would separate it elsewhere, but not with the next field of a form."""
    value = read_line(text, 0)

    assert value is not None
    assert text[value.start : value.end] == content
    assert read_line(text[: value.end] + " x", 0) is None


@pytest.mark.parametrize("text", ['", pw)', '" + pw + "', '")', '"'])
def test_a_quote_after_a_name_in_a_string_ends_that_string(text: str) -> None:
    """``print("password:", pw)`` holds no value."""
    value = read_value(text, 0, in_string=True)

    assert value.start == value.end


def test_a_long_value_is_judged_by_its_beginning() -> None:
    """And only taken whole once it is known to be a secret."""
    text = "a" * 10_000
    value = read_value(text, 0)

    assert value.end == 512
    assert read_to_the_end(text, value).end == 10_000


@pytest.mark.parametrize(
    ("text", "content", "has_scheme"),
    [
        ("Bearer abc def", "abc", True),
        ("Basic YTpi==' x", "YTpi==", True),
        ('"Bearer abc"', "abc", True),
        ('Digest a="b", c="d"\nx', 'a="b", c="d"', True),
        ("abc def", "abc", False),
        ('"Bearer "', "", True),
    ],
)
def test_credentials_are_read_without_their_scheme(
    text: str,
    content: str,
    has_scheme: bool,
) -> None:
    """The scheme is no secret."""
    value, scheme = read_credentials(text, 0, around="", in_string=False)

    assert (text[value.start : value.end], scheme) == (content, has_scheme)


def test_several_credentials_end_with_the_string_around_them() -> None:
    """Or with their line, where they stand in none."""
    text = "Digest a=\"b\", c='d' -v"

    assert read_credentials(text, 0, around="'", in_string=True)[0].end == text.index("'")
    assert read_credentials(text, 0, around="", in_string=True)[0].end == len(text)


def test_cookies_go_on_to_the_end_of_the_line() -> None:
    """They begin with a pair; other text after ``cookie:`` is none."""
    assert read_cookies("a=b; c=d\ne", 0) == Value(0, 8, quoted=False)
    assert read_cookies("chocolate", 0) == Value(0, 0, quoted=False)


@pytest.mark.parametrize(
    "before", ["", "a\n", "a\n  ", "a\\n", "export ", "  - ", "a\n  ENV ", '\n    "']
)
def test_what_stands_first_on_a_line(before: str) -> None:
    """Indentation, a list's dash, ``export`` and the like do not count."""
    assert starts_a_line(before + "name", len(before))
    assert not starts_a_line("x" + before.replace("\n", " ").replace("\\n", " ") + "y name", 60)


def test_what_is_far_from_the_line_does_not_start_it() -> None:
    """Only a bounded part before the name is looked at."""
    assert not starts_a_line("\n" + " " * 100 + "name", 101)
