"""
An agent's settings file: what would change in it, and the change itself.

Law: the file is replaced whole or not at all, keeps mode and owner, and is edited where it really
stands, behind any symbolic link; what it was before stays beside it in a backup.
"""

import contextlib
import difflib
import itertools
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE, S_ISREG

from traced.install.errors import SettingsError
from traced.install.hook_entries import NOTHING, IsOurs, add, installed, remove
from traced.install.layout import Json

FILE_BYTES_MAX = 16 << 20  # far above any settings; what is larger is something else
NEW_FILE_MODE = 0o600  # settings can hold keys; what mkstemp makes has it too
NEW_FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Plan:
    """
    A change of the file at `path` from `before` to `after`; None is: there is no file.

    A file that is traced's `own` by its name goes without a backup: it holds nothing of others.
    """

    path: Path
    before: bytes | None
    after: bytes | None
    own: bool = False

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.before != self.after

    def diff(self) -> str:
        """Return a unified diff, empty if nothing changes; escape it before a terminal sees it."""
        before, after = _lines(self.before or b""), _lines(self.after or b"")
        old = os.devnull if self.before is None else str(self.path)
        new = os.devnull if self.after is None else str(self.path)
        return "\n".join(difflib.unified_diff(before, after, old, new, lineterm=""))

    def apply(self) -> Path | None:
        """
        Make the change; return the path of the backup, None if there was nothing to save.

        Raises:
            SettingsError: If it cannot be made, or the file is no longer what it was.
        """
        if not self.changes:
            return None
        with _telling(self.path, "change"):
            target = Path(os.path.realpath(self.path))
            if _read(target) != self.before:
                raise SettingsError(
                    f"{self.path} was changed by another program meanwhile, expected it as it was"
                    " when this command began; run it again"
                )
            _make_folder(target.parent)
            goes = self.own and self.after is None
            backup = None if self.before is None or goes else _back_up(target, self.before)
            if self.after is None:
                target.unlink()
            else:
                _replace(target, self.after)
            _sync_folder(target.parent)
        return backup


def plan_install(
    path: Path, entries: Mapping[str, Json], is_ours: IsOurs, beside: Mapping[str, Json] = NOTHING
) -> Plan:
    """
    Return the change after which what is ours in `path` is just `entries`, one for each event.

    Where that is so already, nothing changes, wherever in the file they stand. Where the file has
    no hooks yet, the members `beside` come with them.

    Raises:
        SettingsError: If the file cannot be read or is not settings; names line and column.
    """

    def edit(text: str | None) -> str | None:
        wanted = {
            (event, json.dumps(entry, ensure_ascii=False, separators=(",", ":")))
            for event, entry in entries.items()
        }
        if text is None:
            return add(None, entries, beside)
        found = installed(text, is_ours)
        if len(found) == len(wanted) and set(found) == wanted:
            return text
        return add(remove(text, is_ours, beside), entries, beside)

    return plan_edit(path, edit)


def plan_uninstall(path: Path, is_ours: IsOurs, beside: Mapping[str, Json] = NOTHING) -> Plan:
    """
    Return the change after which nothing of ours is in `path`; the file goes if it held no more.

    Raises:
        SettingsError: If the file cannot be read or is not JSON; names line and column.
    """
    return plan_edit(path, lambda text: None if text is None else remove(text, is_ours, beside))


def plan_edit(path: Path, edit: Callable[[str | None], str | None]) -> Plan:
    """
    Return the change of `path` from its text to what `edit` makes of it; None is: no file.

    Raises:
        SettingsError: If the file cannot be read, or as `edit` raises it; names the file.
    """
    with _telling(path, "read"):
        before = _read(path)
    try:
        after = edit(None if before is None else before.decode())
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{path}: byte {error.start} is 0x{error.object[error.start]:02x}, expected UTF-8"
        ) from error
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
    return Plan(path, before, None if after is None else after.encode())


def _read(path: Path) -> bytes | None:
    """Return what the file behind `path` holds, None if there is none; raise OSError."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a FIFO must not hold us
    except FileNotFoundError:
        return None
    with open(file, "rb") as stream:  # noqa: PTH123 - a descriptor has no Path
        if not S_ISREG(os.fstat(file).st_mode):
            raise SettingsError(f"{path} is not a regular file, expected a settings file")
        content = stream.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise SettingsError(f"{path} is larger than {FILE_BYTES_MAX} bytes, expected settings")
    return content


def _make_folder(folder: Path) -> None:
    missing = itertools.takewhile(lambda path: not path.exists(), (folder, *folder.parents))
    for path in reversed(list(missing)):
        path.mkdir(mode=NEW_FOLDER_MODE)


def _back_up(target: Path, content: bytes) -> Path:
    """Write `content` beside `target`, with its mode and owner, under a name not taken yet."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = f"{target.name}.traced-backup-{stamp}"
    for number in itertools.count(1):
        backup = target.with_name(name if number == 1 else f"{name}-{number}")
        try:
            file = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL, NEW_FILE_MODE)
        except FileExistsError:
            continue
        break
    _write(file, backup, content, target)
    return backup


def _replace(target: Path, content: bytes) -> None:
    """Put a new file that holds `content` in the place of `target`, which need not exist."""
    file, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".traced", dir=target.parent)
    _write(file, Path(name), content, target)
    Path(name).replace(target)


def _write(file: int, path: Path, content: bytes, like: Path) -> None:
    """Write `content` to the new `file` at `path`, down to the disk, or leave no file there."""
    try:
        with open(file, "wb") as stream:
            if like.exists():
                _make_alike(file, like)
            stream.write(content)
            stream.flush()
            os.fsync(file)
    except BaseException:
        path.unlink()
        raise


def _make_alike(file: int, like: Path) -> None:
    """Give `file` the owner and mode of `like`; the owner only if it differs: that needs root."""
    old, new = like.stat(), os.fstat(file)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.fchown(file, old.st_uid, old.st_gid)
    os.fchmod(file, S_IMODE(old.st_mode))


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _lines(content: bytes) -> list[str]:
    """Return the lines of `content` for a diff, each without its newline."""
    lines = content.decode().split("\n")
    if lines[-1]:
        lines[-1] += "\n\\ No newline at end of file"
    else:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


@contextlib.contextmanager
def _telling(path: Path, what: str) -> Iterator[None]:
    """Turn an OSError into the SettingsError that says what could not be done, and why."""
    try:
        yield
    except OSError as error:
        at = error.filename if isinstance(error.filename, str) else path
        raise SettingsError(f"cannot {what} {path}: {at}: {error.strerror}") from error
