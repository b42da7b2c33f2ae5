"""Files to import, opened for reading."""

import os
import socket
from pathlib import Path

import pytest

from traced.backfill.opened import opened


def test_a_file_is_opened(tmp_path: Path) -> None:
    """Through a link, too."""
    (tmp_path / "s1.jsonl").write_bytes(b"{}")
    (tmp_path / "link").symlink_to("s1.jsonl")

    with opened(tmp_path / "link") as file:
        assert file.read() == b"{}"


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """A pipe without a writer, a device without an end; each is named."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    for name in ("pipe", "zeros", "socket"):
        with pytest.raises(OSError, match="expected a regular file") as refusal:
            opened(tmp_path / name)
        assert refusal.value.filename == str(tmp_path / name)
