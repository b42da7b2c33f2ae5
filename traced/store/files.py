"""
The files of the database: which ones they are, and how they are put out of the way.

Law: nothing is deleted, and no name is taken from another file. Nothing here opens a file: to
close it again would drop the locks that SQLite holds on it (sqlite.org/howtocorrupt.html, 2.2).
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from traced.store.faults import of_a_file

WAL: Final = "-wal"
SHM: Final = "-shm"
# Where Linux and macOS show which files this process has open.
OPEN_FILES: Final = "/dev/fd"


class FileId(NamedTuple):
    """Which file it is, whatever its name; kept by the system as long as it is open."""

    device: int
    inode: int


class Files(NamedTuple):
    """What is at the path of a database, and beside it; None where nothing is."""

    main: FileId | None
    wal: FileId | None
    shm: FileId | None


def file_id(name: str) -> FileId | None:
    """
    Return which file a path leads to, if any.

    Raises:
        OSError: If that cannot be known.
    """
    status = _status(name)
    return None if status is None else FileId(status.st_dev, status.st_ino)


def _status(name: str) -> os.stat_result | None:
    try:
        return os.stat(name)  # noqa: PTH116  # half the time of Path.stat, at every commit
    except (FileNotFoundError, NotADirectoryError):
        return None


def are_open(files: Files) -> bool:
    """
    Tell whether this process has all of them open; where that cannot be known, that it has.

    A path may lead to a file that another process has made since, while SQLite goes on with one
    that was deleted: all connections of a process share the log's index, as long as one is open.
    """
    try:
        numbers = os.listdir(OPEN_FILES)  # noqa: PTH208  # names of descriptors, no paths
    except OSError:
        return True
    found: set[FileId | None] = set()
    for number in numbers:
        with suppress(OSError):  # closed again, as that of the folder is
            status = os.fstat(int(number))
            found.add(FileId(status.st_dev, status.st_ino))
    return found.issuperset(files)


class Place:
    """
    Where a database is: its path, and `real`, the file that links led to when this was made.

    SQLite keeps its own files beside the real one. `main_bytes` is the size of what was at the path
    at the last look.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.real = path.resolve()
        self.main_bytes = 0
        self._names = (str(path), f"{self.real}{WAL}", f"{self.real}{SHM}")

    def look(self) -> Files:
        """
        Return which files are there now.

        Raises:
            OSError: If that cannot be known.
        """
        name, wal, shm = self._names
        status = _status(name)
        if status is None:
            return Files(None, file_id(wal), file_id(shm))
        self.main_bytes = status.st_size
        return Files(FileId(status.st_dev, status.st_ino), file_id(wal), file_id(shm))

    def look_at_real(self) -> Files:
        """
        Return which files are there now; as the main one that beside which the others lie.

        Raises:
            OSError: If that cannot be known.
        """
        return self.look()._replace(main=file_id(str(self.real)))


def told(opened: Files, found: Files) -> str:
    """Return in words what is no longer there of the files that are open."""
    words = []
    for name, was, is_now in zip(("database", "-wal", "-shm"), opened, found, strict=True):
        if was != is_now:
            words.append(f"{name} is {'gone' if is_now is None else 'another file'}")
    return ", ".join(words)


def size(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it does not exist."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def beside(path: Path, suffix: str) -> Path:
    """Return the path of the database's log (`WAL`) or of the log's index (`SHM`)."""
    return path.with_name(path.name + suffix)


def put_aside(path: Path, why: str, suffixes: tuple[str, ...] = (WAL, SHM, "")) -> Path:
    """
    Rename files of a closed database to ``<name>.<why>-<UTC time>``; return that name.

    The log goes first, for it must never be left beside another database: SQLite would take it in.

    Raises:
        StoreError: If they cannot be renamed.
        StoreBusy: If they cannot just now.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    kept = path.with_name(f"{path.name}.{why}-{stamp}")
    number = 1
    while any(os.path.lexists(beside(kept, suffix)) for suffix in (WAL, SHM, "")):
        number += 1
        kept = path.with_name(f"{path.name}.{why}-{stamp}.{number}")
    try:
        for suffix in suffixes:
            if os.path.lexists(beside(path, suffix)):
                beside(path, suffix).rename(beside(kept, suffix))
    except OSError as error:
        raise of_a_file(f"{path} cannot be set aside as {kept.name}", error) from error
    return kept
