"""
Which files have been imported into a database, so that an interrupted import goes on where it was.

Law: it only saves work. A file that has changed since, or of which nothing is noted, is read again,
and what the daemon knows already it knows.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from traced.core.errors import TracedError

NAME: Final = "{stem}-imported.ndjson"
State = tuple[int, int]
T = TypeVar("T")


class _Head(Struct):
    """The database that the lines below speak of: its device and its inode."""

    database: State


class _Noted(Struct):
    path: str
    state: State


class Journal:
    """
    Beside the database `db`; what was noted of another file of that name does not count.

    Raises:
        TracedError: If it is there and cannot be read, or there is no such database.
    """

    def __init__(self, db: Path) -> None:
        self._path = db.with_name(NAME.format(stem=db.stem))
        self._head = _Head(_identity(db))
        self._states = self._load()

    def knows(self, paths: Iterable[Path]) -> bool:
        """Whether all of these were imported as they are now."""
        return all(self._states.get(path) == state for path, state in states_of(paths).items())

    def note(self, states: Mapping[str, State]) -> None:
        """
        Note that files have been imported as `states_of` found them before they were read.

        Raises:
            OSError: If that cannot be written.
        """
        self._path.touch(mode=0o600)
        with self._path.open("a+b") as file:
            if file.tell() == 0:
                file.write(msgspec.json.encode(self._head))
            else:
                file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":  # a line that was cut short by a crash ends here
                file.write(b"\n")
            for path, state in states.items():
                file.write(msgspec.json.encode(_Noted(path, state)) + b"\n")
        self._states.update(states)

    def _load(self) -> dict[str, State]:
        states: dict[str, State] = {}
        try:
            with self._path.open("rb") as file:
                is_ours = _decoded(file.readline(), _Head) == self._head
                for noted in (_decoded(line, _Noted) for line in file) if is_ours else ():
                    if noted is not None:
                        states[noted.path] = noted.state
        except FileNotFoundError:
            return states
        except OSError as error:
            raise TracedError(
                f"{self._path} cannot be used ({error.strerror}): move it away"
            ) from error
        if not is_ours:
            self._path.unlink(missing_ok=True)
        return states


def states_of(paths: Iterable[Path]) -> dict[str, State]:
    """
    Return how files are now, by what the journal calls them.

    Raises:
        OSError: If one is not there.
    """
    # A file's name need not be valid UTF-8; bytes that are not are escaped.
    return {str(path).encode(errors="backslashreplace").decode(): _state(path) for path in paths}


def _decoded(line: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _identity(db: Path) -> State:
    try:
        found = db.stat()
    except OSError as error:
        raise TracedError(
            f"no database is found at {db} ({error.strerror}), expected that of the running daemon:"
            " name it with --db or TRACED_DB"
        ) from error
    return found.st_dev, found.st_ino


def _state(path: Path) -> State:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
