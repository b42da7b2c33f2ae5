import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.house import control, native

from traced.client.spool import make_name
from traced.core.capture import Capture
from traced.core.protocol import ITEM_BYTES, Protocol
from traced.core.redact import Redactor
from traced.ingest import spool_file
from traced.ingest.spool_file import Left, SpoolFile, read_spool_file

SECOND_NS = 1_000_000_000


def written(folder: Path, *lines: bytes, unix_ns: int = 5 * SECOND_NS) -> Path:
    """Write a spool file of these lines."""
    path = folder / make_name(unix_ns, 1, "ab")
    path.write_bytes(b"".join(lines))
    return path


def read(path: Path, events_max: int = 1000) -> SpoolFile:
    """Read a file as the daemon does."""
    return read_spool_file(
        path, Protocol(Capture("summary", Redactor())), lambda uid: uid == os.geteuid(), events_max
    )


def why_left(path: Path) -> str:
    """Return why a file is left where it is."""
    with pytest.raises(Left) as caught:
        read(path)
    return str(caught.value)


def test_every_line_is_a_record_from_the_time_of_the_name(tmp_path: Path) -> None:
    """Good or bad, in order; who owns the file sent them."""
    file = read(written(tmp_path, native(1), b"garbage\n", native(2)[:-1]))
    (first, second) = file.parts

    assert [type(each).__name__ for each in first.records] == ["NativeEvent", "Rejected"]
    assert [type(each).__name__ for each in second.records] == ["NativeEvent"]
    assert (file.uid, file.written_at) == (os.geteuid(), 5000)


def test_an_empty_file_has_no_parts(tmp_path: Path) -> None:
    """There is nothing to wait for."""
    assert read(written(tmp_path)).parts == []


def test_control_lines_are_nothing(tmp_path: Path) -> None:
    """Nobody waits for an answer."""
    assert read(written(tmp_path, control("status"))).parts == []


def test_many_lines_are_several_parts(tmp_path: Path) -> None:
    """No part has more events than a batch; together they weigh what the protocol says."""
    lines = [native(n) for n in range(25)]
    file = read(written(tmp_path, *lines), events_max=10)
    weight = sum(map(len, lines)) + 25 * ITEM_BYTES

    assert [len(part.records) for part in file.parts] == [10, 10, 5]
    assert [part.number for part in file.parts] == [0, 10, 20]
    assert weight - 3 < sum(part.size for part in file.parts) <= weight


def test_a_line_of_a_later_version_leaves_the_file(tmp_path: Path) -> None:
    """The program that wrote it can read it: with all its lines, and for good."""
    path = written(tmp_path, native(1), b'{"v":2,"name":"x","session_id":"s"}\n')

    with pytest.raises(Left, match="it was written by a newer traced") as caught:
        read(path)

    assert caught.value.for_good


def test_a_link_is_left(tmp_path: Path) -> None:
    """What it leads to is not read, and not deleted."""
    (tmp_path / "other").write_bytes(native(1))
    path = tmp_path / make_name(1, 1, "ab")
    path.symlink_to(tmp_path / "other")

    assert why_left(path) == "it cannot be read: Too many levels of symbolic links"


def test_a_file_with_two_names_is_left(tmp_path: Path) -> None:
    """Somebody else's file can be linked into the folder."""
    path = written(tmp_path, native(1))
    path.with_name("other").hardlink_to(path)

    assert why_left(path) == "it has 2 links, expected 1"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_regular_file_is_left(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """A folder or a pipe of the right name; a pipe would be waited for."""
    path = tmp_path / make_name(1, 1, "ab")
    make(path)

    assert why_left(path) == "it is not a regular file"


def test_a_file_that_is_too_large_is_left(tmp_path: Path) -> None:
    """No client of ours writes such a one."""
    path = written(tmp_path)
    with path.open("r+b") as stream:
        stream.truncate(spool_file.FILE_BYTES_MAX + 1)

    assert why_left(path) == "it has 75497473 bytes, expected at most 75497472"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_is_left(tmp_path: Path) -> None:
    """Who it belongs to is told."""
    path = written(tmp_path, native(1))
    os.chown(path, 4321, -1)

    assert why_left(path) == "it belongs to user 4321, expected the daemon's own"


def test_a_file_that_cannot_be_opened_is_left_for_now(tmp_path: Path) -> None:
    """Once it can be, it will be read."""
    path = tmp_path / "no folder" / make_name(1, 1, "ab")
    path.parent.write_text("a file")

    with pytest.raises(Left, match="it cannot be read: Not a directory") as caught:
        read(path)

    assert not caught.value.for_good


def test_a_file_that_is_gone_is_gone(tmp_path: Path) -> None:
    """That is no reason to tell anybody."""
    with pytest.raises(FileNotFoundError):
        read(tmp_path / make_name(1, 1, "ab"))


def test_an_error_of_ours_leaves_the_file_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not come again at every look, and holds back no other file."""

    def fail(*_args: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Protocol, "receive_data", fail)
    path = written(tmp_path, native(1))

    with pytest.raises(Left, match=r"it cannot be read: ZeroDivisionError at test_") as caught:
        read(path)

    assert caught.value.for_good


def test_a_name_of_the_future_counts_as_now(tmp_path: Path) -> None:
    """A clock that was wrong does not put events into the next century."""
    file = read(written(tmp_path, native(1), unix_ns=10**20 - 1))

    assert file.written_at <= time.time() * 1000
