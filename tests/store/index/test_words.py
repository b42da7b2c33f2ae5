from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.index import orders
from support.rows import Recording

from traced.core.errors import NothingToFind
from traced.store.index.companion import open_with_companion
from traced.store.index.words import beginning, exactly, words_of
from traced.store.reader import ReadConnection


@pytest.fixture
def connection(recording: Recording) -> Iterator[ReadConnection]:
    """A reader on the recording."""
    with closing(open_with_companion(recording.path)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Main.py", ["main", "py"]),
        ("step_order", ["step", "order"]),
        ("Ärger ÉTÉ", ["arger", "ete"]),
        ("git\tcommit  -m", ["git", "commit", "m"]),
        ("NEAR(a b) OR c*", ["near", "a", "b", "or", "c"]),
        ('"quoted', ["quoted"]),
        ("日本", ["日本"]),
    ],
)
def test_a_text_is_cut_into_words(connection: ReadConnection, text: str, words: list[str]) -> None:
    """Words are runs of letters and digits, without case and accents; nothing else has meaning."""
    assert words_of(connection, text) == words
    assert words_of(connection, text) == words


@pytest.mark.parametrize("text", ["", " ", "/-.", "\udcff"])
def test_a_text_without_words_is_refused(connection: ReadConnection, text: str) -> None:
    """Whoever searches for nothing that can be found is told what is expected."""
    with pytest.raises(NothingToFind, match="expected letters or digits"):
        words_of(connection, text)


def test_words_are_bounded(connection: ReadConnection) -> None:
    """A text of many words is no way to keep a reader busy."""
    with pytest.raises(NothingToFind, match="33 words to search for, expected at most 32"):
        words_of(connection, "w " * 33)


def test_words_are_quoted() -> None:
    """What is asked of a table has no syntax but our own."""
    assert exactly(["a", 'b"c'], None, None) == '"a" AND "b""c"'
    assert exactly([], "x", "mcp") == '"\ue00078" AND "\ue001mcp"'
    assert beginning("and") == '"and" *'


@pytest.mark.parametrize(
    "text", ['"', "'", "*", "a*b", "NOT x", "name:x", "^x", "{x}", "x AND", "\x00x", "x\ud800"]
)
def test_no_text_is_an_error_of_syntax(recording: Recording, path: Path, text: str) -> None:
    """Any text is searched for, or holds no word."""
    recording.step(recording.session(), 1)
    try:
        assert orders(path, text) == []
    except NothingToFind:
        assert not any(character.isalnum() for character in text)
