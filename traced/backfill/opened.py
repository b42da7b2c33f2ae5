"""
Files to import, opened for reading.

Law: only a regular file is read: a pipe or a device would hold an import up, or never end.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(path: Path) -> BinaryIO:
    """
    Open a file.

    Raises:
        OSError: If it cannot be read, or is not a regular file.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(None, "it is a pipe, socket or device, expected a regular file", str(path))
    # A pipe that has taken its place since is not waited for.
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
