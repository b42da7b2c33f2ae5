from hypothesis import given
from hypothesis import strategies as st

from traced.core.lines import LineSplitter
from traced.core.long_line import LongLine

MAX = 8


def lines_of(chunks: list[bytes], line_bytes_max: int = MAX) -> list[bytes | int]:
    """Return the lines of a stream; of long ones the length, as nothing else is told here."""
    splitter = LineSplitter(line_bytes_max)
    fed = [line for chunk in chunks for line in splitter.feed(chunk)]
    last = splitter.finish()
    lines: list[bytes | int] = []
    for line in [*fed, *([] if last is None else [last])]:
        if isinstance(line, LongLine):
            lines.append(line.length)
        else:
            lines += line.splitlines(keepends=True)
    return lines


def test_complete_lines_are_handed_on_in_one_piece() -> None:
    """The unit of work is the chunk: nothing is split that need not be."""
    assert LineSplitter(MAX).feed(b"a\nb\n") == [b"a\nb\n"]


def test_an_unfinished_line_is_held_until_its_newline() -> None:
    """It comes out whole, with the lines that follow it."""
    splitter = LineSplitter(MAX)
    assert splitter.feed(b"a\nbc") == [b"a\n"]
    assert splitter.partial_bytes == 2
    assert splitter.feed(b"d") == []
    assert splitter.partial_bytes == 3
    assert splitter.feed(b"e\nf\ng") == [b"bcde\nf\n"]
    assert splitter.partial_bytes == 1


def test_the_last_line_needs_no_newline() -> None:
    """What is held at the end is a line; an empty one is none."""
    splitter = LineSplitter(MAX)
    splitter.feed(b"abc")
    assert splitter.finish() == b"abc"
    assert splitter.partial_bytes == 0
    assert splitter.finish() is None


def test_a_line_may_have_as_many_bytes_as_the_bound_says() -> None:
    """The newline does not count."""
    assert lines_of([b"12345678\n"]) == [b"12345678\n"]
    assert lines_of([b"123456789\n"]) == [9]
    assert lines_of([b"12345678"]) == [b"12345678"]
    assert lines_of([b"123456789"]) == [9]


def test_a_long_line_costs_its_neighbours_nothing() -> None:
    """Before it and after it, in the same bytes or in others."""
    assert lines_of([b"a\n123456789\nb\n"]) == [b"a\n", 9, b"b\n"]
    assert lines_of([b"a\n1234", b"5678", b"9", b"012\nb\n1234567890123", b"\n"]) == [
        b"a\n",
        12,
        b"b\n",
        13,
    ]


def test_a_long_line_is_not_held() -> None:
    """Whatever comes before its newline, the memory it takes stays the same."""
    splitter = LineSplitter(100_000)
    for _ in range(1000):
        splitter.feed(b"x" * 65_536)
        assert splitter.partial_bytes <= 166_000
    assert splitter.partial_bytes <= 60_000
    (line,) = splitter.feed(b"\n")
    assert isinstance(line, LongLine)
    assert line.length == 65_536_000


def test_a_line_of_megabytes_fed_byte_by_byte_takes_linear_time() -> None:
    """Quadratic time would take hours here, and the test's own limit would end it."""
    splitter = LineSplitter(1 << 20)
    for _ in range(1 << 20):
        assert splitter.feed(b"x") == []
    assert splitter.feed(b"\n") == [b"x" * (1 << 20) + b"\n"]


@given(st.lists(st.binary(max_size=12)), st.integers(min_value=1, max_value=12))
def test_any_split_of_the_same_bytes_gives_the_same_lines(chunks: list[bytes], bound: int) -> None:
    """Nothing depends on how the kernel cut the stream."""
    chunks = [chunk.replace(b"\r", b"\n").replace(b"\x00", b"\n") for chunk in chunks]
    whole = b"".join(chunks)
    expected = [
        len(line) if len(line) > bound else line + b"\n" for line in whole.split(b"\n")[:-1]
    ]
    last = whole.rpartition(b"\n")[2]
    if last:
        expected.append(len(last) if len(last) > bound else last)
    assert lines_of(chunks, bound) == expected
    assert lines_of([whole], bound) == expected
    assert lines_of([bytes([byte]) for byte in whole], bound) == expected
