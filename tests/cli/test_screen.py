from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from traced.cli.screen import ASCII, UNICODE, Screen, pad, pad_left

SCREEN = Screen(width=100, encoding="utf-8", now_ms=0, home="/home/dev")
PLAIN = Screen(width=100, encoding="ascii", now_ms=0, home="/home/dev")


def test_glyphs_are_what_the_encoding_has() -> None:
    """Signs beyond ASCII are used where the encoding has them all, else others stand in."""
    latin = Screen(width=100, encoding="latin-1", now_ms=0, home="")
    unknown = Screen(width=100, encoding="no-such-encoding", now_ms=0, home="")

    assert SCREEN.glyphs is UNICODE
    assert [screen.glyphs for screen in (PLAIN, latin, unknown)] == [ASCII, ASCII, ASCII]


def test_stand_ins_are_ascii() -> None:
    """The signs that stand in can be shown anywhere, and tell each status apart."""
    signs = [ASCII.first, ASCII.inside, ASCII.last, ASCII.through, ASCII.ellipsis, ASCII.dot]

    assert all(sign.isascii() and len(sign) == 1 for sign in [*signs, *ASCII.status.values()])
    assert len(set(ASCII.status.values())) == len(ASCII.status)
    assert ASCII.status.keys() == UNICODE.status.keys()


def test_clean_text_fits_the_encoding() -> None:
    """Characters that the encoding lacks are spelled out like those that steer."""
    assert SCREEN.clean("日本\x1b") == "日本\\x1b"
    assert PLAIN.clean("日本\x1b") == "\\u65e5\\u672c\\x1b"


def test_cut_says_that_it_cut() -> None:
    """What does not fit ends in an ellipsis; what fits stays whole."""
    assert SCREEN.cut("twelve cells", 12) == "twelve cells"
    assert SCREEN.cut("twelve cells", 11) == "twelve cel…"
    assert SCREEN.cut("twelve cells", 8) == "twelve…"
    assert SCREEN.cut("twelve cells", 0) == ""
    assert PLAIN.cut("twelve cells", 11) == "twelve cel~"


def test_cut_never_halves_a_wide_character() -> None:
    """A character of two cells is shown whole or not at all."""
    assert SCREEN.cut("日本語", 6) == "日本語"
    assert SCREEN.cut("日本語", 5) == "日本…"
    assert SCREEN.cut("日本語", 4) == "日…"


def test_cut_left_keeps_the_end() -> None:
    """Of a path the end is kept, and what is spelled out stays readable."""
    assert SCREEN.cut_left("/src/app/clock.ts", 12) == "…pp/clock.ts"
    assert SCREEN.cut_left("/src/app\n", 20) == "/src/app\\n"


def test_fold_loses_nothing() -> None:
    """A folded text is whole, in pieces that fit."""
    assert SCREEN.fold("abcdefg", 3) == ["abc", "def", "g"]
    assert SCREEN.fold("日本語", 5) == ["日本", "語"]


def test_home_is_a_tilde() -> None:
    """A folder below the reader's home is shown from there; others, and other users', whole."""
    assert SCREEN.folder("/home/dev/app") == "~/app"
    assert SCREEN.folder("/home/dev") == "~"
    assert SCREEN.folder("/home/developer/app") == "/home/developer/app"
    assert Screen(width=100, encoding="utf-8", now_ms=0, home="/").folder("/srv") == "/srv"


@given(st.text(), st.integers(min_value=0, max_value=30), st.sampled_from(["utf-8", "ascii"]))
def test_cut_fits(text: str, width: int, encoding: str) -> None:
    """Whatever comes, what is cut fits and can be encoded, from either end."""
    screen = Screen(width=100, encoding=encoding, now_ms=0, home="")
    for shown in (screen.cut(text, width), screen.cut_left(text, width)):
        assert cell_len(shown) <= width
        assert shown.encode(encoding).decode(encoding) == shown


def test_padding_counts_cells() -> None:
    """Columns are filled up by what a terminal shows, not by characters."""
    assert pad("日本", 6) == "日本  "
    assert pad_left("日本", 6) == "  日本"
