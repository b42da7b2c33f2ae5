import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.house import control, native
from support.store_room import protocol

from traced.core.protocol import ITEM_BYTES
from traced.core.wire import Item
from traced.ingest.spool_file import READ_BYTES
from traced.ingest.spool_lines import Budget, Lines, Step, is_later

LATER = b'{"v":2,"session_id":"s","trace_type":"tool","name":"later"}\n'
# A member of that name further inside is the sender's own.
INNOCENT = native(1, input={"v": 2})


@contextmanager
def lines_of(path: Path, data: bytes, line_bytes_max: int = 1 << 20) -> Iterator[Lines]:
    """Write a file, and open it for its lines."""
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield Lines(descriptor, len(data), protocol(line_bytes_max))
    finally:
        os.close(descriptor)


def steps(lines: Lines, file_bytes: int, lines_max: int) -> list[Step]:
    """Read to the end."""
    found: list[Step] = []
    while not found or found[-1].offset < file_bytes:
        found.append(lines.read(found[-1].offset if found else 0, lines_max))
    return found


def rounds(lines: Lines, file_bytes: int, budget_events: int = 1000) -> list[int | None]:
    """Look through to the end, or to a line of a later version; return what each look said."""
    said: list[int | None] = []
    offset: int | None = 0
    while offset is not None and offset < file_bytes:
        offset = lines.look_through(offset, Budget(budget_events, 1 << 20))
        said.append(offset)
    return said


def kinds(items: list[Item]) -> list[str]:
    """Name what lines hold."""
    return [type(item).__name__ for item in items]


def test_a_step_has_so_many_lines(tmp_path: Path) -> None:
    """The next one begins where it ended; the last line needs no newline."""
    some = [native(number) for number in range(5)]
    data = b"".join(some)[:-1]
    with lines_of(tmp_path / "f", data) as lines:
        found = steps(lines, len(data), 2)

    assert [len(step.items) for step in found] == [2, 2, 1]
    assert [step.offset for step in found] == [len(b"".join(some[:2])), 4 * len(some[0]), len(data)]


def test_a_step_weighs_what_the_protocol_says(tmp_path: Path) -> None:
    """Of its own lines, whatever the file has beside them."""
    with lines_of(tmp_path / "f", native(1) + native(2) + native(3)) as lines:
        assert lines.read(0, 2).size == 2 * (len(native(1)) + ITEM_BYTES)


def test_a_line_longer_than_a_read_is_one_step(tmp_path: Path) -> None:
    """It takes nothing of the line behind it along."""
    data = native(1, input="x" * 3 * READ_BYTES) + native(2)
    with lines_of(tmp_path / "f", data) as lines:
        found = steps(lines, len(data), 1000)

    assert [kinds(step.items) for step in found] == [["NativeEvent"], ["NativeEvent"]]


@pytest.mark.parametrize("end", [b"\n", b""], ids=["ended", "unended"])
def test_a_line_beyond_the_bound_is_one_step(tmp_path: Path, end: bytes) -> None:
    """It is not held, and costs itself."""
    data = b"x" * 5 * READ_BYTES + end
    with lines_of(tmp_path / "f", data, line_bytes_max=8192) as lines:
        (step,) = steps(lines, len(data), 1000)

    assert kinds(step.items) == ["TooLong"]
    assert step.size < 64 * 1024


def test_a_file_that_shrank_ends_where_it_ends(tmp_path: Path) -> None:
    """What is not there any more is not waited for."""
    data = native(1) + native(2)
    with lines_of(tmp_path / "f", data) as lines:
        os.truncate(tmp_path / "f", len(native(1)))
        found = steps(lines, len(data), 1)

    assert [len(step.items) for step in found] == [1, 0]


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"", 0),
        (native(1) + native(2), 2),
        (native(1) + native(2)[:-1], 2),
        (native(1) * 3, None),
        (native(1) * 2 + native(1)[:-1], None),
        (b"x" * (READ_BYTES + 1), None),
    ],
    ids=["empty", "two", "unended", "three", "three unended", "large"],
)
def test_all_is_read_at_once_if_it_is_one_step(
    tmp_path: Path, data: bytes, events: int | None
) -> None:
    """Of two lines here; an unfinished one counts."""
    with lines_of(tmp_path / "f", data) as lines:
        step = lines.read_all(2)

    assert (None if step is None else len(step.items)) == events
    assert step is None or step.offset == len(data)


@pytest.mark.parametrize(
    "data",
    [
        LATER,
        native(1) * 9000 + LATER,
        native(1) + LATER[:-1],
        native(1) + b" " * READ_BYTES + LATER,
        INNOCENT * 100 + LATER + native(1),
        b'{"\\u0076" :\t17,"hook":"x"}\n',
    ],
    ids=["alone", "far", "unended", "long", "behind suspects", "escaped"],
)
def test_a_line_of_a_later_version_is_found(tmp_path: Path, data: bytes) -> None:
    """Wherever it stands, and however it is written."""
    with lines_of(tmp_path / "f", data) as lines:
        assert rounds(lines, len(data))[-1] is None


@pytest.mark.parametrize(
    "data",
    [INNOCENT * 100, b'"v":2\n', control("ping"), b'{"v":2,' + b"x" * READ_BYTES * 2],
    ids=["further inside", "no object", "control", "too long"],
)
def test_what_only_looks_like_a_later_version_is_none(tmp_path: Path, data: bytes) -> None:
    """The protocol has the last word on a suspect."""
    with lines_of(tmp_path / "f", data, line_bytes_max=8192) as lines:
        assert rounds(lines, len(data))[-1] == len(data)


def test_looking_for_versions_goes_as_far_as_its_budget(tmp_path: Path) -> None:
    """Each look begins where the last one ended, at the start of a line."""
    data = INNOCENT * 100
    with lines_of(tmp_path / "f", data) as lines:
        said = rounds(lines, len(data), budget_events=30)

    assert said == [len(INNOCENT) * number for number in (30, 60, 90, 100)]


_white = st.sampled_from([b"", b" ", b"\t", b"\r", b" \r\t "])
_line = st.builds(
    lambda *parts: b"".join(parts) + b"\n",
    st.sampled_from(
        [b"{", b"\xef\xbb\xbf{", b' {"name":1,', b'{"payload":{},', b'{"control":"x",']
    ),
    st.sampled_from([b'"v"', b'"\\u0076"', b'"V"', b'"w":{"v"']),
    _white,
    st.sampled_from([b":", b"::"]),
    _white,
    st.sampled_from([b"0", b"1", b"2", b"10", b"2.5", b"1e9", b"-3", b"true", b'"2"', b"9" * 30]),
    _white,
    st.sampled_from([b"}", b',"v":1}', b"}}", b',"session_id":"s","trace_type":"tool"}']),
)


@given(st.lists(_line, max_size=8))
def test_looking_finds_what_reading_refuses(some: list[bytes]) -> None:
    """A file has a line of a later version by the one if and only if by the other."""
    data = b"".join(some)
    with TemporaryFile() as file:
        file.write(data)
        file.flush()
        lines = Lines(file.fileno(), len(data), protocol())
        looked = lines.look_through(0, Budget(1000, 1 << 20))

    assert (looked is None) == is_later(protocol().receive_data(data))
