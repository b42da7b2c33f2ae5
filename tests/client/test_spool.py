import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from traced.client.spool import (
    make_name,
    make_note_name,
    parse_name,
    parse_note_name,
    write,
    write_file,
)

LINE = b'{"v":1,"ack":true,"payload":{}}\n'


def test_name_has_twenty_digits_of_nanoseconds() -> None:
    """A name pads its time to 20 digits, so that names sort by time as text."""
    assert make_name(5, 77, "0a1b") == "00000000000000000005-77-0a1b.ndjson"


def test_name_is_read_back() -> None:
    """A name says when its event was and who wrote it."""
    name = "01700000000000000001-4242-deadbeef.ndjson"
    assert parse_name(name) == (1_700_000_000_000_000_001, 4242, "deadbeef")


@pytest.mark.parametrize(
    "name",
    [
        ".01700000000000000001-4242-deadbeef.ndjson",
        "01700000000000000001-4242-deadbeef.ndjson.tmp",
        "01700000000000000001-4242-deadbeef.ndjson\n",
        "1700000000000000001-4242-deadbeef.ndjson",
        "01700000000000000001-4242-DEADBEEF.ndjson",
        "01700000000000000001--deadbeef.ndjson",
        "\u0660" + "1700000000000000001-4242-deadbeef.ndjson",
        "",
    ],
)
def test_other_names_are_not_spool_files(name: str) -> None:
    """A hidden, foreign or malformed name is no spool file's."""
    assert parse_name(name) is None


def test_the_name_of_a_note_says_what_was_lost() -> None:
    """A client's note is of one event that had no room, a daemon's says how many it lost."""
    stem = ".01700000000000000001-4242-deadbeef"
    own = make_note_name(1_700_000_000_000_000_001, 4242, "deadbeef", 12)

    assert own == f"{stem}.shutdown-12.lost"
    assert parse_note_name(own) == ("shutdown", 12, 1_700_000_000_000_000_001, None)
    assert parse_note_name(f"{stem}.lost") == ("spool_full", 1, 1_700_000_000_000_000_001, None)
    for other in (f"{stem}.ndjson", f"{stem}.shutdown-.lost", f".{stem}.lost", stem[1:] + ".lost"):
        assert parse_note_name(other) is None


def test_the_name_of_a_clients_note_tells_which_event() -> None:
    """Its time and its token are the event's id; a shorter token tells none."""
    stem = ".01700000000000000001-4242-"
    token = "0123456789abcdef0123"

    assert parse_note_name(f"{stem}{token}.lost") == (
        "spool_full",
        1,
        1_700_000_000_000_000_001,
        f"018bcfe56800{token}",
    )


def test_a_file_of_any_name_appears_whole(tmp_path: Path) -> None:
    """It is made with its folder, bears its name when all is written, and is the user's alone."""
    path = write_file(tmp_path / "new" / "name", b"content")

    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_written_file_holds_the_line(tmp_path: Path) -> None:
    """The file holds the line's bytes as they are."""
    assert write(tmp_path, LINE).read_bytes() == LINE


def test_written_file_stands_alone(tmp_path: Path) -> None:
    """Beside the finished file nothing is left in the folder."""
    path = write(tmp_path, LINE)
    assert list(tmp_path.iterdir()) == [path]


def test_name_tells_time_and_writer(tmp_path: Path) -> None:
    """The name holds the time of writing and the writer's process."""
    before_ns = time.time_ns()
    name = parse_name(write(tmp_path, LINE).name)
    assert name is not None
    assert before_ns <= name.unix_ns <= time.time_ns()
    assert name.pid == os.getpid()


@pytest.mark.parametrize("mask", [0, 0o777])
def test_missing_folders_are_made_private(tmp_path: Path, mask: int) -> None:
    """Every folder that had to be made is the user's alone, whatever the umask."""
    previous = os.umask(mask)
    try:
        path = write(tmp_path / "state" / "spool", LINE)
    finally:
        os.umask(previous)
    modes = [stat.S_IMODE(part.stat().st_mode) for part in (path, *path.parents[:2])]
    assert modes == [0o600, 0o700, 0o700]


def test_torn_line_is_refused(tmp_path: Path) -> None:
    """A line without its newline is refused with what was read and what was expected."""
    with pytest.raises(ValueError, match=r"spool line of 2 bytes ends in b'}', expected b'\\n'"):
        write(tmp_path, b"{}")


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """Where the folder cannot be made, the caller hears it from the system."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        write(tmp_path / "file" / "spool", LINE)


def test_hook_writes_the_same_form(
    run_hook: Callable[..., None], spool: Path, tmp_path: Path
) -> None:
    """The hook's own writer makes files of the same name, mode and content as this module."""
    run_hook(b"{}")
    (theirs,) = spool.iterdir()
    ours = write(tmp_path / "spool", theirs.read_bytes())
    assert parse_name(theirs.name) is not None
    assert theirs.stat().st_mode == ours.stat().st_mode
    assert theirs.parent.stat().st_mode == ours.parent.stat().st_mode
    assert theirs.read_bytes() == ours.read_bytes()


def test_a_folder_that_a_group_drops_into_lets_the_group_read(tmp_path: Path) -> None:
    """Or the daemon, which is another user there, could not; a setgid folder alone is none."""
    modes = []
    for number, mode in enumerate((0o3730, 0o2700, 0o700)):
        folder = tmp_path / str(number)
        folder.mkdir()
        folder.chmod(mode)
        modes.append(stat.S_IMODE(write(folder, LINE).stat().st_mode))

    assert modes == [0o640, 0o600, 0o600]
