"""
The lines of a transcript, as records.

Law: a line that cannot be read costs itself and is told with its file and number; no line is held
in memory beyond a bound. A last line without its end is still being written, and is nobody's fault.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from traced.backfill.fields import Record
from traced.backfill.opened import opened
from traced.core.errors import Malformed
from traced.core.json_text import decode_json
from traced.core.rejections import type_name

# Claude Code keeps a whole request in a line; what a call brought is at most a few megabytes.
LINE_BYTES_MAX: Final = 64 * 1024 * 1024
SKIPPED_BYTES: Final = 1024 * 1024

Complain = Callable[[str], None]
Advance = Callable[[int], None]


def records(path: Path, complain: Complain, advance: Advance) -> Iterator[Record]:
    """
    Yield the objects of a file, one a line; tell `advance` of the bytes that were read.

    Raises:
        OSError: If the file cannot be read.
    """
    with opened(path) as file:
        yield from records_of(file, str(path), complain, advance)


def records_of(file: BinaryIO, name: str, complain: Complain, advance: Advance) -> Iterator[Record]:
    """
    Yield the objects of what is open already; `name` is what it is called in complaints.

    Raises:
        OSError: If it cannot be read.
    """
    number = 0
    while line := file.readline(LINE_BYTES_MAX):
        number += 1
        advance(len(line))
        if not line.endswith(b"\n") and len(line) == LINE_BYTES_MAX:
            complain(f"{name}:{number}: the line is longer than {LINE_BYTES_MAX} bytes, left out")
            while not line.endswith(b"\n") and (line := file.readline(SKIPPED_BYTES)):
                advance(len(line))
            continue
        try:
            record = decode_json(line) if line.strip() else None
        except Malformed as flaw:
            if line.endswith(b"\n") or not line.lstrip().startswith(b"{"):
                complain(f"{name}:{number}: {flaw.detail}, left out")
            continue
        if isinstance(record, dict):
            yield record
        elif record is not None:
            complain(f"{name}:{number}: it is {type_name(record)}, expected an object, left out")
