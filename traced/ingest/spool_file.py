"""
One file of the spool, read into what can be put into the intake.

Law: it is opened without following links and read only if it is what a hook client writes: a
regular file with one link, of an allowed owner, of a bounded size.
"""

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from traced.client.spool import parse_name
from traced.core.event import Rejected
from traced.core.fault import fault
from traced.core.protocol import Protocol
from traced.core.wire import Control, Item
from traced.ingest.intake import Record

# The hook client cuts at 64 MiB; a larger file is not one of its making.
FILE_BYTES_MAX: Final = 72 * 1024 * 1024
READ_BYTES: Final = 256 * 1024


class Left(Exception):
    """A file is left where it is; `for_good` if reading it again would not change that."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


class Part(NamedTuple):
    """Some records of a file in a row, and what their lines weigh in memory; the first's number."""

    records: list[Record]
    size: int
    number: int


class SpoolFile(NamedTuple):
    """A file with its lines read; `written_at` is when its event was, in Unix milliseconds."""

    path: Path
    uid: int
    written_at: int
    size: int
    parts: list[Part]


def read_spool_file(
    path: Path, protocol: Protocol, owners: Callable[[int], bool], events_max: int
) -> SpoolFile:
    """
    Read a file in parts of at most `events_max` records.

    Raises:
        FileNotFoundError: If it is gone by now.
        Left: If it is none of those that are taken, cannot be read, or is of a later version.
    """
    items: list[tuple[list[Item], int]] = []
    with opened(path, owners) as (descriptor, status):
        while data := os.read(descriptor, READ_BYTES):
            items.append((protocol.receive_data(data), protocol.lines_bytes))
        items.append((protocol.receive_eof(), protocol.lines_bytes))
    parts = _parts(items, events_max)
    return SpoolFile(path, status.st_uid, _written_at(path.name), status.st_size, parts)


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


def _parts(chunks: list[tuple[list[Item], int]], events_max: int) -> list[Part]:
    parts: list[Part] = []
    number = 0
    for items, size in chunks:
        records: list[Record] = [item for item in items if not isinstance(item, Control)]
        if any(isinstance(each, Rejected) and each.reason == "version" for each in records):
            raise Left("it was written by a newer traced", for_good=True)
        for start in range(0, len(records), events_max):
            some = records[start : start + events_max]
            parts.append(Part(some, size * len(some) // len(records), number))
            number += len(some)
    return parts


def _written_at(name: str) -> int:
    parsed = parse_name(name)
    now = time.time_ns()
    return (now if parsed is None else min(parsed.unix_ns, now)) // 1_000_000
