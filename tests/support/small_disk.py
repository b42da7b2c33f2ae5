"""A disk that can be full: one mebibyte of memory, mounted."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

needs_mount = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts file systems")


@contextmanager
def small_disk(folder: Path, kib: int = 1024) -> Iterator[Path]:
    """Mount a new disk at `folder` for the length of the block."""
    folder.mkdir(mode=0o700)
    options = f"size={kib}k,mode=700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Take all the room that is left on the disk of `folder`."""
    ballast = folder / "ballast"
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT, 0o600)
    with suppress(OSError):
        while True:
            os.write(file, bytes(4096))
    os.close(file)
    yield
    ballast.unlink()
