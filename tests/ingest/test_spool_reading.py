import os
import time
from pathlib import Path

import pytest
from support.house import control, native, open_descriptors
from support.store_room import protocol

from traced.client.spool import make_name
from traced.core.protocol import ITEM_BYTES, Protocol
from traced.ingest.spool_file import Left
from traced.ingest.spool_lines import Budget
from traced.ingest.spool_reading import STEP_EVENTS, Part, Reading

SECOND_NS = 1_000_000_000
LATER = b'{"v":2,"name":"x","session_id":"s"}\n'


def written(folder: Path, *lines: bytes, unix_ns: int = 5 * SECOND_NS) -> Path:
    """Write a spool file of these lines."""
    path = folder / make_name(unix_ns, 1, "ab")
    path.write_bytes(b"".join(lines))
    return path


def reading(path: Path, events_max: int = 1000) -> Reading:
    """Return a file that will be read as the daemon does."""
    return Reading(path, lambda uid: uid == os.geteuid(), protocol, events_max)


def read(path: Path, events_max: int = 1000) -> Reading:
    """Read a file at once."""
    file = reading(path, events_max)
    file.read(Budget(1_000_000, 1 << 30))
    return file


def read_in_rounds(file: Reading, events: int) -> list[list[Part]]:
    """Read a file with a budget of so many events at a time; return the parts of each round."""
    rounds: list[list[Part]] = []
    while not file.whole:
        file.read(Budget(events, 1 << 30))
        rounds.append(file.parts)
    return rounds


def test_every_line_is_a_record_from_the_time_of_the_name(tmp_path: Path) -> None:
    """Good or bad, in order; who owns the file sent them."""
    file = read(written(tmp_path, native(1), b"garbage\n", native(2)[:-1]))
    (part,) = file.parts

    assert [type(each).__name__ for each in part.records] == [
        "NativeEvent",
        "Rejected",
        "NativeEvent",
    ]
    assert (file.uid, file.written_at, file.whole) == (os.geteuid(), 5000, True)


@pytest.mark.parametrize(
    "data", [b"", control("status"), b"\n\r\n", control("status") * 50, b"\n" * 50]
)
def test_what_holds_no_event_has_no_parts(tmp_path: Path, data: bytes) -> None:
    """There is nothing to wait for: nobody waits for the answer to a control line either."""
    file = read(written(tmp_path, data), events_max=10)

    assert (file.parts, file.whole) == ([], True)


def test_many_lines_are_several_parts(tmp_path: Path) -> None:
    """No part has more events than a batch; together they weigh what the protocol says."""
    lines = [native(n) for n in range(25)]
    file = read(written(tmp_path, *lines), events_max=10)

    assert [len(part.records) for part in file.parts] == [10, 10, 5]
    assert [part.number for part in file.parts] == [0, 10, 20]
    assert sum(part.size for part in file.parts) == sum(map(len, lines)) + 25 * ITEM_BYTES


def test_a_file_is_read_in_rounds(tmp_path: Path) -> None:
    """Each goes as far as its budget; the numbers go on, and controls have none."""
    lines = [native(1), control("ping"), b"\n", *(native(n) for n in range(2, 25))]
    # Opening counts for one event, each step for some.
    events = 1 + 2 * (STEP_EVENTS + 5)
    rounds = read_in_rounds(reading(written(tmp_path, *lines), events_max=5), events)

    parts = [part for some in rounds for part in some]
    assert [len(some) for some in rounds] == [3, 2, 1]
    assert [part.number for part in parts] == [0, 3, 8, 13, 18, 23]
    assert [record.name for part in parts for record in part.records] == [  # type: ignore[union-attr]
        f"n{n}" for n in range(1, 25)
    ]


@pytest.mark.parametrize("events_max", [1, 2, 3, 1000])
def test_a_record_has_the_same_number_however_it_is_read(tmp_path: Path, events_max: int) -> None:
    """Met again after a crash it is known by that."""
    path = written(tmp_path, native(1), b"\n", control("ping"), b"garbage\n", native(2)[:-1])
    parts = [part for some in read_in_rounds(reading(path, events_max), 2) for part in some]

    numbers = [part.number + index for part in parts for index in range(len(part.records))]
    assert numbers == [0, 1, 2]


def test_between_two_rounds_the_file_is_closed(tmp_path: Path) -> None:
    """However many are read at once, none costs a descriptor."""
    file = reading(written(tmp_path, native(1) * 100), events_max=10)
    before = open_descriptors()
    file.read(Budget(20, 1 << 30))

    assert open_descriptors() == before
    assert not file.whole


@pytest.mark.parametrize("before", [1, 5000])
@pytest.mark.parametrize("events", [10, 10_000])
def test_a_line_of_a_later_version_leaves_the_file(
    tmp_path: Path, before: int, events: int
) -> None:
    """The program that wrote it can read it: with all its lines, and for good."""
    file = reading(written(tmp_path, native(1) * before, LATER))

    with pytest.raises(Left, match="it was written by a newer traced") as caught:
        read_in_rounds(file, events)

    assert (caught.value.for_good, file.begun) == (True, False)


def test_a_file_that_changes_while_it_is_read_is_left_for_now(tmp_path: Path) -> None:
    """The next look finds another file, and reads it from its start."""
    path = written(tmp_path, native(1) * 100)
    file = reading(path, events_max=10)
    for _ in range(2):
        file.read(Budget(20, 1 << 30))
    assert file.begun
    path.rename(tmp_path / "old")
    written(tmp_path, native(2) * 100)

    with pytest.raises(Left, match="it was changed while it was read") as caught:
        file.read(Budget(20, 1 << 30))

    assert (caught.value.for_good, file.begun) == (False, False)


def test_an_error_of_ours_leaves_the_file_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not come again at every look, and holds back no other file."""

    def fail(*_args: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Protocol, "receive_data", fail)

    with pytest.raises(Left, match=r"it cannot be read: ZeroDivisionError at test_") as caught:
        read(written(tmp_path, native(1)))

    assert caught.value.for_good


def test_a_name_of_the_future_counts_as_now(tmp_path: Path) -> None:
    """A clock that was wrong does not put events into the next century."""
    file = read(written(tmp_path, native(1), unix_ns=10**20 - 1))

    assert file.written_at <= time.time() * 1000
