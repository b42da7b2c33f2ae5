"""
Which files have been imported into a database, so that an interrupted import goes on where it was.

Law: it only saves work. A file that has changed since, or of which nothing is noted, is read again,
and what the daemon knows already it knows.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

NAME: Final = "{stem}-imported.ndjson"
State = tuple[int, int]


class _Head(Struct):
    """The database that the lines below speak of: its device and its inode."""

    database: State


class _Noted(Struct):
    path: str
    state: State


class Journal:
    """Beside the database `db`; what was noted of another file of that name does not count."""

    def __init__(self, db: Path) -> None:
        self._path = db.with_name(NAME.format(stem=db.stem))
        self._head = _Head(_identity(db))
        self._states = self._load()

    def knows(self, paths: Iterable[Path]) -> bool:
        """Whether all of these were imported as they are now."""
        return all(self._states.get(str(path)) == _state(path) for path in paths)

    def note(self, paths: Iterable[Path]) -> None:
        """
        Note that these have been imported, as they are now.

        Raises:
            OSError: If that cannot be written.
        """
        noted = [_Noted(str(path), _state(path)) for path in paths]
        self._path.touch(mode=0o600)
        with self._path.open("ab") as file:
            if file.tell() == 0:
                file.write(msgspec.json.encode(self._head) + b"\n")
            for each in noted:
                file.write(msgspec.json.encode(each) + b"\n")
                self._states[each.path] = each.state

    def _load(self) -> dict[str, State]:
        states: dict[str, State] = {}
        try:
            with self._path.open("rb") as file:
                if msgspec.json.decode(file.readline(), type=_Head) == self._head:
                    for line in file:
                        noted = msgspec.json.decode(line, type=_Noted)
                        states[noted.path] = noted.state
                    return states
        except FileNotFoundError:
            return states
        except msgspec.MsgspecError:  # cut short by a crash: what came before holds
            if states:
                return states
        self._path.unlink(missing_ok=True)
        return states


def _identity(db: Path) -> State:
    found = db.stat()
    return found.st_dev, found.st_ino


def _state(path: Path) -> State:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
