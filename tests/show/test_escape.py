import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traced.show.escape import printable, printable_json


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("two\nlines\r\n\tand a tab", r"two\nlines\r\n\tand a tab"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b2J erases", r"\x9b2J erases"),
        ("\x7f\b\0", r"\x7f\x08\x00"),
        ("\u202egpj.exe\u202c", r"\u202egpj.exe\u202c"),
        ("\u2066isolate\u2069", r"\u2066isolate\u2069"),
        ("line\u2028separator", r"line\u2028separator"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\U000e0041tag", r"\U000e0041tag"),
        ("lone \ud800", r"lone \ud800"),
    ],
)
def test_what_steers_or_hides_is_spelled_out(hostile: str, shown: str) -> None:
    """Control characters, escape sequences, direction marks and invisible text become visible."""
    assert printable(hostile) == shown


@pytest.mark.parametrize(
    "text", ["plain", "Grüße, 日本語", "👩\u200d💻", "[red]markup[/red]", "a\\n"]
)
def test_text_stays_as_it_is(text: str) -> None:
    """Letters of any script, emoji and their joiners, and brackets are not touched."""
    assert printable(text) == text


@given(st.text())
def test_nothing_but_text_is_left(text: str) -> None:
    """Whatever comes, what is shown holds no control, surrogate or separator character."""
    categories = {unicodedata.category(character) for character in printable(text)}

    assert not categories & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(printable(text)) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_means_the_same(text: str) -> None:
    """A JSON document made printable is equal to the one before, and printable."""
    document = printable_json(json.dumps({text: [text]}, ensure_ascii=False))

    assert json.loads(document) == {text: [text]}
    assert printable(document) == document


def test_json_beyond_the_basic_plane() -> None:
    """An invisible character beyond U+FFFF becomes the two escapes that JSON has for it."""
    assert printable_json('"\U000e0041"') == '"\\udb40\\udc41"'
