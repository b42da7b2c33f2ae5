"""
The service put in place, taken away and looked at.

Law: nothing is started that is not what was written; who waits at the socket is not turned away
where only the program changed; and what was not put there is not taken away.
"""

import difflib
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from traced.install.errors import UnitError
from traced.install.systemctl import Manager, run
from traced.install.units import SERVICE, SOCKET, UNITS, WEB, UnitFile

UNIT_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class Change:
    """What a file is to become: `before` and `after` are None where there is no file."""

    path: Path
    before: str | None
    after: str | None

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after

    def diff(self) -> str:
        """Return a unified diff; escape it before a terminal sees it."""
        old = os.devnull if self.before is None else str(self.path)
        new = os.devnull if self.after is None else str(self.path)
        before, after = (self.before or "").splitlines(), (self.after or "").splitlines()
        return "\n".join(difflib.unified_diff(before, after, old, new, lineterm=""))

    def apply(self) -> None:
        """
        Make it.

        Raises:
            UnitError: If it cannot be made.
        """
        try:
            if self.after is None:
                self.path.unlink(missing_ok=True)
            else:
                _write(self.path, self.after)
        except OSError as error:
            raise UnitError(f"{self.path} cannot be written: {error.strerror}") from error


def additions(files: Sequence[UnitFile]) -> list[Change]:
    """
    Return what puts these files in place.

    Raises:
        UnitError: If another one is in the place of one of them.
    """
    return [Change(file.path, file.found(), file.text) for file in files]


def removals(files: Sequence[UnitFile]) -> list[Change]:
    """
    Return what takes these files away.

    Raises:
        UnitError: If another one is in the place of one of them.
    """
    return [Change(file.path, file.found(), None) for file in files]


def put_in_place(manager: Manager, changes: Sequence[Change]) -> None:
    """
    Write the units, then have the socket listen from now on and at each start of the manager.

    A service that runs is restarted, for the program may be another one; who comes meanwhile waits
    in the kernel, unless the socket itself is another one.

    Raises:
        UnitError: If something cannot be written or started; doing it again is no harm.
    """
    for change in changes:
        change.apply()
    for change in changes:
        if change.path.parent.name == "sysusers.d":
            _need("systemd-sysusers", str(change.path))
        elif change.path.parent.name == "tmpfiles.d":
            _need("systemd-tmpfiles", "--create", str(change.path))
    manager.tell("daemon-reload")
    manager.try_to_tell("reset-failed", SOCKET, SERVICE)
    if any(change.changes and change.path.name == SOCKET for change in changes):
        manager.try_to_tell("stop", SOCKET, SERVICE)
    manager.tell("enable", SOCKET)
    # A socket whose service runs without it cannot be started.
    if manager.show(SOCKET).get("ActiveState") != "active":
        manager.try_to_tell("stop", SERVICE)
    manager.tell("start", SOCKET)
    manager.tell("try-restart", SERVICE, WEB)


def take_away(manager: Manager, changes: Sequence[Change]) -> None:
    """
    Stop what runs, then remove the units.

    Raises:
        UnitError: If something cannot be stopped or removed; doing it again is no harm.
    """
    known = [unit for unit in UNITS if manager.show(unit).get("LoadState") == "loaded"]
    if known:
        manager.tell("disable", "--now", *known)
    for change in changes:
        change.apply()
    manager.tell("daemon-reload")
    manager.try_to_tell("reset-failed", *UNITS)


def _need(*command: str) -> None:
    done = run(command)
    if done.returncode:
        raise UnitError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")


def _write(path: Path, text: str) -> None:
    """Put a file in place whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 - no Path yet
            os.fchmod(descriptor, UNIT_MODE)
            stream.write(text)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
