"""A real daemon's life, recorded call by call, and played back onto a disk that loses its power."""

import json
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.daemon import Row
from support.power_cut import CUT_KINDS, CutKind, Disk
from support.streams import check_steps
from support.syscalls import Call, Moment, moments

# All that changes a file or a name, makes it last, or tells a client.
# With a question mark: what some machines do not have.
CALLS = (
    *("?open", "?creat", "openat", "pwrite64", "pwritev", "pwritev2", "write", "writev"),
    *("ftruncate", "truncate", "fallocate", "fdatasync", "fsync", "sync_file_range"),
    *("?unlink", "unlinkat", "?rename", "?renameat", "renameat2", "?link", "linkat"),
    *("sendto", "sendmsg", "close"),
)


UNLINKS = ("unlink", "unlinkat")


@dataclass
class Told:
    """What clients were told until now, and which spool files were deleted."""

    acks: list[Row] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    _cut_off: dict[int, bytes] = field(default_factory=dict)

    def take(self, moment: Moment) -> bool:
        """Take note of a call; return whether it told somebody something, from now on."""
        what, call = moment
        if call.name == "close" and call.descriptor is not None:
            self._cut_off.pop(call.descriptor, None)
        if call.name in UNLINKS and what == "begin" and call.path.endswith(".ndjson"):
            self.deleted.append(Path(call.path).name)
            return True
        if call.name != "sendto" or call.descriptor is None:
            return False
        if what == "end":
            whole = call.result in (len(call.data), None)  # None: killed in it
            assert whole, f"{call.result} of {len(call.data)} bytes sent, where every client reads"
            return False
        return self._heard(call.descriptor, call)

    def _heard(self, descriptor: int, call: Call) -> bool:
        lines = (self._cut_off.pop(descriptor, b"") + call.data).split(b"\n")
        if lines[-1]:
            self._cut_off[descriptor] = lines[-1]
        acks = [json.loads(line) for line in lines[:-1] if b'"event_id":' in line]
        stored = [ack for ack in acks if ack["status"] == "stored"]
        self.acks += stored
        return bool(stored)


def is_memory(path: str) -> bool:
    """Tell of a file that is none of the database's content: shared memory, locks."""
    return path.endswith(("-shm", ".lock"))


def instants(
    traces: list[Path], disk: Disk, share_of: Callable[[Call], float], chance: random.Random
) -> Iterator[tuple[Told, Call]]:
    """
    Play traces onto a disk; stop when somebody is told something, and at a share of other calls.

    At each stop the disk is as it was before the call that is returned had any effect but telling.
    """
    told = Told()
    for trace in traces:
        for moment in moments(trace):
            call = moment[1]
            telling = told.take(moment)
            concerns = "traced.db" in call.path and not is_memory(call.path)
            if telling or (concerns and chance.random() < share_of(call)):
                yield told, call
            disk.take(moment)


@contextmanager
def scratch(otherwise: Path) -> Iterator[Path]:
    """Yield a folder for what cuts leave: in memory where that can be had, for it is much."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else otherwise) as folder:
        yield Path(folder)


def stored_after(files: Mapping[str, bytes], folder: Path) -> list[Row]:
    """Open what a power cut left as SQLite does, check that it is whole, return its steps."""
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / Path(name).name).write_bytes(content)
    with closing(sqlite3.connect(folder / "traced.db")) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = OFF")  # nothing cuts the power of the test
        assert [tuple(row) for row in connection.execute("PRAGMA integrity_check")] == [("ok",)]
        if not connection.execute("PRAGMA user_version").fetchone()[0]:
            return []
        query = "SELECT event_id, session_id, step_order FROM execution_traces"
        return [dict(row) for row in connection.execute(query)]


def check_cuts(told: Told, disk: Disk, folder: Path, chance: random.Random) -> None:
    """Cut the power now, in each way: what was told is there."""
    for kind in CUT_KINDS:
        check_cut(told, disk, folder, kind, chance)


def check_cut(told: Told, disk: Disk, folder: Path, kind: CutKind, chance: random.Random) -> None:
    """Cut the power now: what was acked is there, and what was deleted from the spool."""
    steps = stored_after(disk.after_a_cut(kind, chance), folder)
    check_steps(steps, told.acks)
    stored = {step["event_id"] for step in steps}
    missing = [name for name in told.deleted if f"of-{name}" not in stored]
    assert not missing, (kind, missing)
