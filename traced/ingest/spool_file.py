"""
A file of the spool, or a note beside it, opened.

Law: it is opened without following links and read only if it is what a hook client writes: a
regular file with one link, of an allowed owner, of a bounded size.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from traced.core.fault import fault

# The hook client cuts at 64 MiB; a larger file is not one of its making.
FILE_BYTES_MAX: Final = 72 * 1024 * 1024
READ_BYTES: Final = 256 * 1024


class Left(Exception):
    """A file is left where it is; `for_good` if reading it again would not change that."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


@contextmanager
def opened(path: Path, owners: Callable[[int], bool]) -> Iterator[tuple[int, os.stat_result]]:
    """
    Open a file of the spool for the length of the block: its descriptor and status.

    Raises:
        FileNotFoundError: If it is gone by now.
        Left: If it is none of those that are taken, or the block could not read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            _check(status, owners)
            yield descriptor, status
        finally:
            os.close(descriptor)
    except (FileNotFoundError, Left):
        raise
    except OSError as error:
        raise Left(f"it cannot be read: {error.strerror}") from error
    except Exception as error:  # an error of ours must not hold back the other files
        raise Left(f"it cannot be read: {fault(error)}", for_good=True) from error


def _check(status: os.stat_result, owners: Callable[[int], bool]) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Left("it is not a regular file")
    if status.st_nlink != 1:
        raise Left(f"it has {status.st_nlink} links, expected 1")
    if status.st_size > FILE_BYTES_MAX:
        raise Left(f"it has {status.st_size} bytes, expected at most {FILE_BYTES_MAX}")
    if not owners(status.st_uid):
        raise Left(f"it belongs to user {status.st_uid}, expected the daemon's own")
