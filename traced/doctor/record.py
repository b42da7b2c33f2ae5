"""
The record: can the database be read, does its disk hold out, do prompts have steps.

Law: it is opened as every reader opens it, so what this cannot read nobody can.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from traced.core.errors import StoreError
from traced.doctor.finding import Finding, failed, ok, warning, wrong
from traced.show.amounts import size
from traced.store.prompting import Prompting, prompting_since
from traced.store.reader import open_reader, snapshot
from traced.store.statements import schema_version

DAY_MS: Final = 24 * 60 * 60 * 1000
# The daemon cuts it to 64 MiB at each checkpoint that no reader holds up.
WAL_BYTES_MAX: Final = 256 << 20
DISK_BYTES_LOW: Final = 512 << 20
DISK_BYTES_MIN: Final = 32 << 20  # room for a few of the largest batches, and their log
# One or two questions can be answered without any tool; so many in a row hardly are.
SILENT_PROMPTS_MIN: Final = 3


def look(db: Path, now_ms: int) -> Iterator[Finding]:
    """Yield how the database is, and what it shows of the hooks."""
    try:
        with closing(open_reader(db)) as connection, snapshot(connection):
            prompting = prompting_since(connection, now_ms - DAY_MS)
    except StoreError as error:
        yield failed("database", error, "see the daemon's log; docs/operations.md has a restore")
    else:
        told = f"{db}, schema version {schema_version()}, {size(_size(db))}"
        yield ok("database", told)
        yield from _silent(prompting)
    wal = db.with_name(f"{db.name}-wal")
    if _size(wal) > WAL_BYTES_MAX:
        yield warning(
            "database",
            f"its log {wal} has {size(_size(wal))}, expected at most {size(WAL_BYTES_MAX)}",
            f"end the program that reads for so long: `lsof {wal}` lists those with it open",
        )


def disks(folders: Iterable[Path]) -> Iterator[Finding]:
    """Yield how much room is left where these folders are, each file system once."""
    seen: set[int] = set()
    for folder in folders:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        device = there.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield room(there, os.statvfs(there))


def room(folder: Path, disk: os.statvfs_result) -> Finding:
    """Judge the file system that `folder` is on."""
    free = disk.f_bavail * disk.f_frsize
    told = f"{size(free)} free at {folder}"
    if disk.f_flag & os.ST_RDONLY:
        return wrong(
            "disk",
            f"{folder} is mounted read-only",
            "see why in the kernel's log, then remount it writable",
        )
    if free < DISK_BYTES_MIN:
        return wrong("disk", told, "make room: what hooks spool has none either")
    if free < DISK_BYTES_LOW:
        return warning("disk", told, "make room, or lower retention.bytes_max")
    return ok("disk", told)


def _silent(prompting: list[Prompting]) -> Iterator[Finding]:
    for each in prompting:
        if each.prompts >= SILENT_PROMPTS_MIN and not each.with_steps and each.had_steps:
            yield warning(
                "silence",
                f"{each.agent}: {each.prompts} prompts in the last day, and none has a step;"
                " earlier ones had",
                f"its hooks of tools went silent: `traced install {each.agent}`, then"
                " restart the agent",
            )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
