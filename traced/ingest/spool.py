"""
The spool: files that hook clients left while nobody answered, taken in by the daemon.

Law: a file is deleted only after its lines are committed; a file that cannot be read, is garbage
or half written never holds back the rest. What is no spool file is left alone and told once.
"""

import os
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import structlog
from msgspec import Struct

from traced.client.spool import HIDDEN_PREFIX, parse_name
from traced.core.event import Outcome, Rejected
from traced.core.protocol import Protocol
from traced.core.wire import Control, Envelope, LifeLine, NativeEvent
from traced.ingest.intake import Intake, Record, Submission

# The hook client cuts at 64 MiB; a larger file is not one of its making.
FILE_BYTES_MAX: Final = 72 * 1024 * 1024
ROUND_BYTES_MAX: Final = 8 * 1024 * 1024
ROUND_FILES_MAX: Final = 500
# A client lives for seconds; what it left half written for so long was cut off by its death.
ABANDONED_SECONDS: Final = 3600
ROOM_POLL_SECONDS: Final = 0.02

log = structlog.get_logger()


class _File(Struct):
    path: Path
    data: bytes
    uid: int
    fired_at: int


class Spool:
    """
    The reading end of one spool folder.

    `owners` are the uids whose files are taken; files of others are left alone.
    """

    def __init__(
        self,
        folder: Path,
        new_protocol: Callable[[], Protocol],
        intake: Intake,
        owners: Callable[[int], bool],
    ) -> None:
        self._folder = folder
        self._new_protocol = new_protocol
        self._intake = intake
        self._owners = owners
        self._left_alone: set[str] = set()

    async def watch(self, scan_seconds: float) -> None:
        """Take in what arrives, looking every `scan_seconds`."""
        while True:
            await self.take_all()
            await anyio.sleep(scan_seconds)

    async def take_all(self) -> None:
        """Take in all that is there, in the order of the names; return when it is committed."""
        while files := await anyio.to_thread.run_sync(self._read_round):
            await self._take(files)

    def backlog(self) -> tuple[int, int]:
        """Return how many files wait, and how many bytes they have."""
        sizes = []
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if parse_name(entry.name) is not None:
                    with suppress(OSError):
                        sizes.append(entry.stat(follow_symlinks=False).st_size)
        return len(sizes), sum(sizes)

    async def _take(self, files: Sequence[_File]) -> None:
        submitted: list[tuple[Path, anyio.Event]] = []
        for file in files:
            records = _records(self._new_protocol(), file)
            if any(isinstance(each, Rejected) and each.reason == "version" for each in records):
                self._leave(file.path.name, "written by a newer traced")
                continue
            while self._intake.full:
                await anyio.sleep(ROOM_POLL_SECONDS)
            done = anyio.Event()
            submitted.append((file.path, done))
            if records:
                self._intake.put(
                    Submission(records, len(file.data), file.fired_at, file.uid, _setter(done))
                )
            else:
                done.set()
        for path, done in submitted:
            await done.wait()
            path.unlink(missing_ok=True)

    def _read_round(self) -> list[_File]:
        files: list[_File] = []
        total = 0
        for name in self._names():
            file = self._read(name)
            if file is not None:
                files.append(file)
                total += len(file.data)
            if total >= ROUND_BYTES_MAX or len(files) >= ROUND_FILES_MAX:
                break
        return files

    def _names(self) -> list[str]:
        names: list[str] = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if parse_name(entry.name) is not None:
                        names.append(entry.name)
                    else:
                        self._stranger(entry)
        except OSError as error:
            self._leave(str(self._folder), str(error))
            return []
        self._left_alone.intersection_update([*names, str(self._folder)])
        return sorted(set(names) - self._left_alone)

    def _stranger(self, entry: os.DirEntry[str]) -> None:
        if not entry.name.startswith(HIDDEN_PREFIX):
            return
        if parse_name(entry.name.removeprefix(HIDDEN_PREFIX)) is None:
            return
        with suppress(OSError):
            age = time.time() - entry.stat(follow_symlinks=False).st_mtime
            if age > ABANDONED_SECONDS:
                Path(entry.path).unlink()
                log.warning("spool_file_abandoned", file=entry.name, age_seconds=round(age))

    def _read(self, name: str) -> _File | None:
        path = self._folder / name
        parsed = parse_name(name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._leave(name, str(error))
            return None
        with open(descriptor, "rb") as stream:  # noqa: PTH123  # a descriptor has no Path
            status = os.fstat(descriptor)
            if problem := self._problem(status):
                self._leave(name, problem)
                return None
            data = stream.read(FILE_BYTES_MAX)
        fired_at = parsed.unix_ns // 1_000_000 if parsed is not None else 0
        return _File(path, data, status.st_uid, fired_at)

    def _problem(self, status: os.stat_result) -> str | None:
        if not stat.S_ISREG(status.st_mode):
            return "not a regular file"
        if status.st_nlink != 1:
            return f"it has {status.st_nlink} links, expected 1"
        if status.st_size > FILE_BYTES_MAX:
            return f"it has {status.st_size} bytes, expected at most {FILE_BYTES_MAX}"
        if not self._owners(status.st_uid):
            return f"it belongs to uid {status.st_uid}"
        return None

    def _leave(self, name: str, why: str) -> None:
        if name not in self._left_alone:
            self._left_alone.add(name)
            log.warning("spool_file_left", file=name, why=why)


def _setter(done: anyio.Event) -> Callable[[Sequence[Outcome]], None]:
    def settle(_outcomes: Sequence[Outcome]) -> None:
        done.set()

    return settle


def _records(protocol: Protocol, file: _File) -> list[Record]:
    items = [*protocol.receive_data(file.data), *protocol.receive_eof()]
    records: list[Record] = [item for item in items if not isinstance(item, Control)]
    for number, record in enumerate(records):
        # Killed between commit and delete, the daemon meets the file again: it must know the lines.
        if isinstance(record, NativeEvent | LifeLine | Envelope) and record.event_id is None:
            record.event_id = f"spool:{file.path.name}:{number}"
    return records
