import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traced.web.cursor import read_cursor, write_cursor
from traced.web.problem import WrongField

NUMBERS = st.integers(0, 2**63 - 1)


@given(st.lists(NUMBERS, min_size=1, max_size=2))
def test_what_is_written_is_read(key: list[int]) -> None:
    """Any key comes back as it was."""
    assert read_cursor(write_cursor("recent", *key), "recent", len(key)) == tuple(key)


def test_it_can_stand_in_a_url() -> None:
    """The word needs no escaping, and does not show what it means."""
    word = write_cursor("sessions", 2**63 - 1, 2**63 - 1)

    assert word.replace("-", "").replace("_", "").isalnum()
    assert len(word) <= 80


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_anything_else_is_refused(word: str) -> None:
    """Whatever garbage comes, it is a problem, never another error."""
    with pytest.raises(WrongField, match=r"\Abefore is "):
        read_cursor(word, "recent", 1)


@pytest.mark.parametrize(
    "inside", ["recent", "recent:", "recent:-1", "steps:1", "recent:1:2", f"recent:{2**63}"]
)
def test_words_that_nobody_wrote(inside: str) -> None:
    """Of another list, of another number of keys, or beyond what SQLite can bind."""
    word = base64.urlsafe_b64encode(inside.encode()).decode().rstrip("=")

    with pytest.raises(WrongField, match="expected the `next` of an earlier page of this list"):
        read_cursor(word, "recent", 1)
