"""
A pessimistic disk: what of a folder's files is left when the power goes, by a trace of the calls.

Law: of a file's contents only what a successful fsync or fdatasync of that file covered is safe,
of its name only what one of the folder covered; all else may be there or not, in any order and in
pieces of a sector. No file system gives less.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from support.syscalls import Call, Moment

SECTOR_BYTES = 512
# What a cut does with what is not safe: all is lost; any part of it is; what came last came first.
CutKind = Literal["lost", "torn", "reordered"]
CUT_KINDS: tuple[CutKind, ...] = ("lost", "torn", "reordered")


@dataclass(frozen=True)
class Write:
    """Bytes at an offset."""

    offset: int
    data: bytes

    def apply(self, content: bytearray) -> None:
        """Do it, with zeros in a hole before it."""
        end = self.offset + len(self.data)
        if len(content) < end:
            content.extend(bytes(end - len(content)))
        content[self.offset : end] = self.data

    def sectors(self) -> Iterator["Write"]:
        """Cut it where the disk may."""
        start = 0
        while start < len(self.data):
            end = start + SECTOR_BYTES - (self.offset + start) % SECTOR_BYTES
            yield Write(self.offset + start, self.data[start:end])
            start = end


@dataclass(frozen=True)
class Resize:
    """A new length."""

    size: int

    def apply(self, content: bytearray) -> None:
        """Do it, with zeros where it grows."""
        del content[self.size :]
        content.extend(bytes(self.size - len(content)))

    def sectors(self) -> Iterator["Resize"]:
        """Be one piece."""
        yield self


Change = Write | Resize


@dataclass
class File:
    """One inode: what is safe of it, and what was done to it since, the oldest first."""

    safe: bytearray = field(default_factory=bytearray)
    unsafe: list[Change] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """A name that was given to a file, or taken away."""

    name: str
    file: File | None


class Disk:
    """
    The files of one folder whose names begin with `prefix` and for which `skip` does not hold.

    `forgetful` is of a kernel that drops what an fsync failed to write, and lets the next one
    succeed without it, as Linux does; else it stays to be written. `journalled` is of a file system
    such as ext4 and XFS, whose fsync of any file makes all earlier changes of names safe as well.
    """

    def __init__(
        self,
        folder: Path,
        prefix: str,
        skip: Callable[[str], bool],
        *,
        forgetful: bool = True,
        journalled: bool = False,
    ) -> None:
        self._folder = str(folder)
        self._prefix = f"{folder}/{prefix}"
        self._skip = skip
        self._forgetful = forgetful
        self._journalled = journalled
        self._names: dict[str, File] = {}
        self._safe_names: dict[str, File] = {}
        self._unsafe_names: list[Entry] = []
        self._covered: dict[int, int] = {}

    def take(self, moment: Moment) -> None:
        """Let a call of the trace happen."""
        what, call = moment
        if call.name in ("fdatasync", "fsync"):
            if what == "begin":
                self._covered[call.thread] = len(self._unsafe_of(call.path))
            else:
                self._synced(call, self._covered.pop(call.thread))
        elif what == "end" and call.result is not None and call.result >= 0:
            self._done(call, call.result)

    def after_a_cut(self, kind: CutKind, chance: random.Random) -> dict[str, bytes]:
        """Return the files, by name, that could be there if the power went now."""
        names = dict(self._safe_names)
        for entry in _left(self._unsafe_names, kind, chance):
            _rename(names, entry)
        return {name: _content(file, kind, chance) for name, file in names.items()}

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self._prefix) and not self._skip(path)

    def _unsafe_of(self, path: str) -> list[Change] | list[Entry]:
        if path == self._folder:
            return self._unsafe_names
        return self._names[path].unsafe if path in self._names else []

    def _done(self, call: Call, result: int) -> None:
        path = call.path
        if not self._is_ours(path):
            return
        if call.name in ("openat", "open", "creat"):
            if path not in self._names and ("O_CREAT" in call.flags or call.name == "creat"):
                self._enter(Entry(path, File()))
            if "O_TRUNC" in call.flags:
                self._names[path].unsafe.append(Resize(0))
        elif call.name in ("unlink", "unlinkat"):
            self._enter(Entry(path, None))
        elif call.name == "pwrite64" and path in self._names:
            change = Write(call.numbers[-1], call.data[:result])
            self._names[path].unsafe.append(change)
        elif call.name == "ftruncate" and path in self._names:
            self._names[path].unsafe.append(Resize(call.numbers[-1]))
        elif not path.endswith("(deleted)") and call.name not in ("close", "pread64"):
            raise AssertionError(f"{call.name} of {path} in the trace, expected none")

    def _enter(self, entry: Entry) -> None:
        _rename(self._names, entry)
        self._unsafe_names.append(entry)

    def _synced(self, call: Call, covered: int) -> None:
        file = self._names.get(call.path)
        if call.result != 0:
            if self._forgetful and file is not None:
                del file.unsafe[:covered]
            return
        if call.path == self._folder:
            self._names_synced(covered)
        elif file is not None:
            for change in file.unsafe[:covered]:
                change.apply(file.safe)
            del file.unsafe[:covered]
            if self._journalled:
                self._names_synced(len(self._unsafe_names))

    def _names_synced(self, covered: int) -> None:
        for entry in self._unsafe_names[:covered]:
            _rename(self._safe_names, entry)
        del self._unsafe_names[:covered]


def _rename(names: dict[str, File], entry: Entry) -> None:
    if entry.file is None:
        names.pop(entry.name, None)
    else:
        names[entry.name] = entry.file


def _left(unsafe: list[Entry], kind: CutKind, chance: random.Random) -> list[Entry]:
    return [] if kind == "lost" else [entry for entry in unsafe if chance.random() < 0.5]


def _content(file: File, kind: CutKind, chance: random.Random) -> bytes:
    content = bytearray(file.safe)
    if kind == "lost":
        return bytes(content)
    pieces = [piece for change in file.unsafe for piece in change.sectors()]
    if kind == "reordered":
        chance.shuffle(pieces)
        pieces = pieces[: chance.randint(0, len(pieces))]
    else:
        share = chance.random()
        pieces = [piece for piece in pieces if chance.random() < share]
    for piece in pieces:
        piece.apply(content)
    return bytes(content)
