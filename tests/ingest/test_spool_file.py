import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.house import native

from traced.client.spool import make_name
from traced.ingest import spool_file
from traced.ingest.spool_file import Left, opened


def written(folder: Path, *lines: bytes) -> Path:
    """Write a spool file of these lines."""
    path = folder / make_name(1, 1, "ab")
    path.write_bytes(b"".join(lines))
    return path


def content(path: Path) -> bytes:
    """Return what is in a file, opened as the daemon does."""
    with opened(path, lambda uid: uid == os.geteuid()) as (descriptor, status):
        return os.read(descriptor, status.st_size)


def why_left(path: Path) -> str:
    """Return why a file is left where it is."""
    with pytest.raises(Left) as caught:
        content(path)
    return str(caught.value)


def test_a_file_of_a_client_is_opened(tmp_path: Path) -> None:
    """Its descriptor and its status are those of this file."""
    assert content(written(tmp_path, b"one\n")) == b"one\n"


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
        content(path)

    assert not caught.value.for_good


def test_a_file_that_is_gone_is_gone(tmp_path: Path) -> None:
    """That is no reason to tell anybody."""
    with pytest.raises(FileNotFoundError):
        content(tmp_path / make_name(1, 1, "ab"))


def test_an_error_of_ours_leaves_the_file_for_good(tmp_path: Path) -> None:
    """It does not come again at every look, holds back no other file, and tells no content."""
    path = written(tmp_path, native(1))

    def use() -> None:
        with opened(path, lambda _uid: True):
            raise ZeroDivisionError("secret")

    with pytest.raises(Left, match=r"it cannot be read: ZeroDivisionError at test_") as caught:
        use()

    assert caught.value.for_good
    assert "secret" not in str(caught.value)
