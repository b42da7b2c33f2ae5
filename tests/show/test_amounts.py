import pytest

from traced.show.amounts import counted, size


def test_one_is_not_many() -> None:
    """A noun is in the plural but for one, and thousands are set apart."""
    assert counted(0, "session") == "0 sessions"
    assert counted(1, "session") == "1 session"
    assert counted(1200, "session") == "1,200 sessions"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (812, "812 B"), (1024, "1.0 KiB"), (2_000_000, "1.9 MiB"), (3 << 30, "3.0 GiB")],
)
def test_sizes_are_shown_in_their_largest_unit(count: int, text: str) -> None:
    """With one digit after the point."""
    assert size(count) == text
