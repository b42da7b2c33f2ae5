import pytest
from hypothesis import given
from hypothesis import strategies as st

from traced.web.pages.visible import block, line, plain


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        pytest.param("<b a='1'>&", "&lt;b a=&#39;1&#39;&gt;&amp;", id="markup"),
        pytest.param("\u202egpj", '<span class="esc">\\u202e</span>gpj', id="turned"),
        pytest.param("\x1b[31m", '<span class="esc">\\x1b</span>[31m', id="terminal"),
        pytest.param("a\nb", 'a<span class="esc">\u21b5</span>b', id="newline"),
        pytest.param("a\tb", "a b", id="tab"),
    ],
)
def test_what_steers_is_spelled_out(hostile: str, shown: str) -> None:
    """Markup is text, and a character that would act is shown instead."""
    assert line(hostile) == shown


def test_a_line_is_cut() -> None:
    """What does not fit ends in an ellipsis, counted before it is escaped."""
    assert line("<<<<", 3) == "&lt;&lt;\u2026"
    assert line("<<<", 3) == "&lt;&lt;&lt;"


def test_a_block_keeps_its_lines() -> None:
    """Output stands as it was printed; a return alone, which would hide a line, is spelled out."""
    assert block("a\r\n\tb\rc") == 'a\n\tb<span class="esc">\\r</span>c'


def test_an_attribute_has_no_markup() -> None:
    """There the same is spelled out as text, which the template escapes."""
    assert plain('<b>\u202e"\n') == '<b>\\u202e"\u21b5'
    assert plain("abcd", 3) == "ab\u2026"


def test_nothing_is_shown_as_nothing() -> None:
    """A text that was not recorded is empty."""
    assert (line(None), plain(None), block(None)) == ("", "", "")


@given(st.text())
def test_no_text_opens_a_tag(text: str) -> None:
    """Whatever was recorded, the only tags are those around spelled characters."""
    for shown in (line(text), block(text)):
        rest = shown.replace('<span class="esc">', "").replace("</span>", "")
        assert not set(rest) & set("<>\"'\x1b\u202e\u2066")
