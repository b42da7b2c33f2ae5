"""
The spool: a folder whose files hold events while the daemon cannot be reached.

Law: a file bears its final name only when it is whole, and names sort by the time of their events;
so whoever reads the folder in name order reads whole lines in the order in which they happened.
``hook.py`` writes the same form by itself, for it must not import anything.

Beside them stand notes of what was lost, under dot names ending in ``.lost``: an empty one is of
an event that a client had no room for.
"""

import os
import re
import secrets
import stat
import time
from pathlib import Path
from typing import NamedTuple

FILE_MODE = 0o600
DROPPED_FILE_MODE = 0o640
FOLDER_MODE = 0o700
# Of a drop folder: files get its group, and each is removed by its owner or the folder's alone.
DROP_BITS = stat.S_ISGID | stat.S_ISVTX
HIDDEN_PREFIX = "."  # of a file that is being written; a left-over one is of a writer killed midway
TOKEN_BYTES = 4  # tells apart what one process writes within one nanosecond

# Of an event's id in a name, where it is all but the time in milliseconds: 12 digits of its 32.
ID_TOKEN_CHARS = 20

STEM = r"(?P<unix_ns>[0-9]{20})-(?P<pid>[0-9]{1,10})-(?P<token>[0-9a-f]{1,32})"
NAME = re.compile(STEM + r"\.ndjson")
NOTE_NAME = re.compile(r"\." + STEM + r"(?:\.shutdown-(?P<events>[0-9]{1,9}))?\.lost")


class SpoolName(NamedTuple):
    """What the name of a spool file says: when its event was, and who wrote it."""

    unix_ns: int
    pid: int
    token: str


class NoteName(NamedTuple):
    """
    What the name of a note says of events that were lost: the reason, how many, and when.

    `event_id` is that of a client's one event, as far as the client tells it.
    """

    reason: str
    events: int
    unix_ns: int
    event_id: str | None = None


def make_name(unix_ns: int, pid: int, token: str) -> str:
    """Return the file name for an event of the time `unix_ns`; `token` is lower-case hex."""
    return f"{unix_ns:020d}-{pid}-{token}.ndjson"


def parse_name(name: str) -> SpoolName | None:
    """Return what `name` says, or None if it is not the name of a finished spool file."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    return SpoolName(int(match["unix_ns"]), int(match["pid"]), match["token"])


def make_note_name(unix_ns: int, pid: int, token: str, events: int) -> str:
    """Return the name of a daemon's note that it lost so many events when it stopped."""
    return f".{unix_ns:020d}-{pid}-{token}.shutdown-{events}.lost"


def parse_note_name(name: str) -> NoteName | None:
    """Return what `name` says, or None if it is not the name of a note."""
    match = NOTE_NAME.fullmatch(name)
    if match is None:
        return None
    unix_ns, token, events = int(match["unix_ns"]), match["token"], match["events"]
    if events is not None:
        return NoteName("shutdown", int(events), unix_ns)
    whole = len(token) == ID_TOKEN_CHARS
    return NoteName("spool_full", 1, unix_ns, f"{unix_ns // 10**6:012x}{token}" if whole else None)


def write(spool_dir: Path, line: bytes) -> Path:
    r"""
    Write `line`, which ends in b"\n", to a new file of `spool_dir`; return the file's path.

    The folder, and those above it, are made if they are missing. The file survives the death of
    any process, not a power cut: it is not synced.

    Raises:
        ValueError: If `line` does not end in a newline.
        OSError: If it cannot be written; nothing of it is left behind then.
    """
    if not line.endswith(b"\n"):
        raise ValueError(f"spool line of {len(line)} bytes ends in {line[-1:]!r}, expected b'\\n'")
    name = make_name(time.time_ns(), os.getpid(), secrets.token_hex(TOKEN_BYTES))
    return write_file(spool_dir / name, line)


def write_file(final: Path, data: bytes) -> Path:
    """
    Write `data` to a new file under a dot name, then give it its own; return that.

    In a folder that a group drops its events into, the folder's group may read it: so can the
    daemon, which is another user there.

    Raises:
        OSError: If it cannot be written; nothing of it is left behind then.
    """
    _make_folder(final.parent)
    hidden = final.with_name(HIDDEN_PREFIX + final.name)
    file = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        with open(file, "wb") as stream:  # noqa: PTH123 - a descriptor has no Path
            os.fchmod(file, _file_mode(final.parent))  # whatever the umask left of it
            stream.write(data)
        hidden.rename(final)
    except OSError:
        hidden.unlink(missing_ok=True)
        raise
    return final


def _file_mode(folder: Path) -> int:
    is_drop_folder = folder.stat().st_mode & DROP_BITS == DROP_BITS
    return DROPPED_FILE_MODE if is_drop_folder else FILE_MODE


def _make_folder(folder: Path) -> None:
    """Make `folder` and those above it, as far as they are missing, for this user alone."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=FOLDER_MODE, exist_ok=True)
        path.chmod(FOLDER_MODE)  # whatever the umask left of it
