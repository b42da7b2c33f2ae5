from hypothesis import given
from hypothesis import strategies as st

from traced.core.long_line import LongLine

KIB = 1024


def test_start_end_and_length_are_kept() -> None:
    """4 KiB and 1 KiB are recorded later; 16 KiB more of each show secrets at the cuts."""
    data = b"a" * 20 * KIB + b"b" * 100 * KIB + b"c" * 17 * KIB
    line = LongLine(data)
    assert line.head == b"a" * 20 * KIB
    assert line.tail == b"c" * 17 * KIB
    assert line.length == 137 * KIB


def test_what_is_held_is_bounded() -> None:
    """However long the line is, and however small its pieces are."""
    line = LongLine(b"x" * 100 * KIB)
    for size in (1, 100, 10_000, 1_000_000):
        for _ in range(100):
            line.add(b"y" * size)
            assert line.held_bytes <= 54 * KIB


@given(st.lists(st.integers(min_value=0, max_value=30_000), max_size=12))
def test_what_is_kept_depends_on_the_line_alone(sizes: list[int]) -> None:
    """Pieces of any size come to the same as the whole."""
    data = bytes(range(251)) * (sum(sizes) // 251 + 1)
    data = data[: sum(sizes)]
    line = LongLine(b"")
    place = 0
    for size in sizes:
        line.add(data[place : place + size])
        place += size
    whole = LongLine(data)
    assert (line.head, line.tail, line.length) == (whole.head, whole.tail, whole.length)
