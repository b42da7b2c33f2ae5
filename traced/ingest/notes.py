"""
Notes of what was lost or refused when no database could be told, made into its rows.

Law: a note is deleted only after its rows are committed. A hook client leaves an empty one for an
event that the spool had no room for; a daemon that stops, one with a line for each session that
lost events and each line that it rejected, or with a name that tells their number, if there is
room for no more. A client's tells of an event that the daemon may have got all the same: it waits
until what came is settled, and is no loss where the event was taken.
"""

import os
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal

import anyio
import anyio.to_thread
import msgspec
import structlog
from msgspec import Struct

from traced.client.spool import NoteName, parse_note_name
from traced.core.errors import StoreBusy, StoreError
from traced.core.event import Rejected
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake
from traced.ingest.spool_file import READ_BYTES, Left, opened
from traced.store.bounded import bounded_reader
from traced.store.taken import taken

# Of one look: a full disk can leave many, and each costs opening a file.
NOTES_A_LOOK_MAX: Final = 1000
READ_SECONDS_MAX: Final = 5.0
# How long before its client an event may have happened, by the agent's own timestamp.
HAPPENED_MS_MAX: Final = 10 * 60_000
SPOOL_FULL_DETAIL: Final = (
    "a hook client got no ack in time and had no room for them in the spool: disk or quota is full"
)
SHUTDOWN_DETAIL: Final = "the daemon stopped and could neither store nor spool them"

log = structlog.get_logger()


class Note(Struct, omit_defaults=True):
    """One line of a note: a row of `rejected_events` that is not there yet."""

    kind: Literal["rejected", "discarded"]
    reason: str
    detail: str
    count: int = 1
    agent: str | None = None
    session_id: str | None = None
    raw: bytes | None = None
    length: int = 0

    def row(self, origin: str) -> Rejected:
        """Return it as it is recorded."""
        return Rejected(
            self.reason,
            self.detail,
            self.raw,
            self.length,
            self.agent,
            self.session_id,
            kind=self.kind,
            count=self.count,
            origin=origin,
        )


_decode: Final = msgspec.json.Decoder(list[Note]).decode


class Notes:
    """
    The notes in some folders.

    `owners` tells the uids whose files are taken; `commit` is the recorder's `append`, in its own
    thread. `db` is what `commit` writes to, and `intake` what waits for that.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        owners: Callable[[int], bool],
        commit: Callable[[Sequence[Rejected], int], Awaitable[object]],
        figures: Figures,
        intake: Intake,
        db: Path,
    ) -> None:
        self._folders = tuple(folders)
        self._owners = owners
        self._commit = commit
        self._figures = figures
        self._intake = intake
        self._db = db
        self._met: dict[Path, int] = {}  # clients', and how many events had been received then
        self._done_with: set[Path] = set()  # not to be read again while they are there

    async def watch(self, scan_seconds: float) -> None:
        """Take in what appears, looking every `scan_seconds`."""
        while True:
            while await self.take_some():
                pass
            await anyio.sleep(scan_seconds)

    async def take_some(self) -> bool:
        """Make rows of the notes that are there; return whether there may be more."""
        paths = self._ripe(await anyio.to_thread.run_sync(self._paths))
        try:
            rows = await anyio.to_thread.run_sync(self._rows, paths)
        except StoreError:
            return False  # as below
        if not paths:
            return False
        # Cancelled, it would be committed all the same, and then not be counted.
        with anyio.CancelScope(shield=True):
            try:
                if rows:
                    await self._commit(rows, time.time_ns() // 1_000_000)
            except StoreBusy:
                return False  # the writer tells of it; the next look comes soon
        self._figures.noted(rows)
        for path in paths:
            self._delete(path)
        for row in rows:
            told = "events_discarded" if row.kind == "discarded" else "events_rejected"
            log.warning(told, reason=row.reason, count=row.count, see="traced rejected")
        return len(paths) == NOTES_A_LOOK_MAX

    def _paths(self) -> list[Path]:
        """Return the files to be taken in the order of their names; they may be read."""
        found: list[Path] = []
        for folder in self._folders:
            try:
                with os.scandir(folder) as entries:
                    found += [Path(each.path) for each in entries if parse_note_name(each.name)]
            except OSError:
                continue  # the spool's reader tells of it
        self._done_with.intersection_update(found)
        return sorted(set(found) - self._done_with)[:NOTES_A_LOOK_MAX]

    def _ripe(self, paths: list[Path]) -> list[Path]:
        """Return these but for clients' whose events may still be on their way to a commit."""
        if self._intake.full:  # nobody is read: what they sent may wait in the kernel
            self._met = {}
            return [path for path in paths if not _is_clients(path)]
        received = self._figures.received
        self._met = {path: self._met.get(path, received) for path in paths if _is_clients(path)}
        return [path for path in paths if self._met.get(path, 0) <= self._figures.settled]

    def _rows(self, paths: list[Path]) -> list[Rejected]:
        """
        Return what the notes say; take out of `paths` those that are left where they are.

        Raises:
            StoreError: If the database cannot be read, to see which events it has after all.
        """
        rows: list[Rejected] = []
        empty: list[Path] = []
        for path in list(paths):
            try:
                notes = _read(path, self._owners)
            except FileNotFoundError:
                paths.remove(path)
                continue
            except Left as left:
                paths.remove(path)
                self._tell(path, str(left))
                continue
            rows += [note.row(f"{path.name}:{number}") for number, note in enumerate(notes)]
            if not notes:
                empty.append(path)
        empty = self._lost(empty)
        if empty:
            # The same ones again, after a crash, are the same row.
            digest = blake2b("".join(path.name for path in empty).encode(), digest_size=16)
            note = Note("discarded", "spool_full", SPOOL_FULL_DETAIL, len(empty))
            rows.append(note.row(f"notes:{digest.hexdigest()}"))
        return rows

    def _lost(self, clients: list[Path]) -> list[Path]:
        """Return those of clients' notes whose events were not taken, as far as that is known."""
        names = [(path, name) for path in clients if (name := parse_note_name(path.name))]
        event_ids = [name.event_id for _, name in names if name.event_id is not None]
        if not event_ids:
            return clients
        since_ms = min(name.unix_ns for _, name in names) // 10**6 - HAPPENED_MS_MAX
        with bounded_reader(self._db, READ_SECONDS_MAX) as connection:
            found = taken(connection, event_ids, since_ms)
        return [path for path, name in names if name.event_id not in found]

    def _delete(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._tell(path, f"taken in, but it cannot be deleted: {error.strerror}")

    def _tell(self, path: Path, why: str) -> None:
        self._done_with.add(path)
        log.warning("spool_file_left", file=path.name, folder=str(path.parent), why=why)


def encode_notes(notes: Sequence[Note]) -> bytes:
    """Return the content of a note."""
    return msgspec.json.encode(notes)


def _is_clients(path: Path) -> bool:
    name = parse_note_name(path.name)
    return name is not None and name.reason == "spool_full"


def _read(path: Path, owners: Callable[[int], bool]) -> list[Note]:
    """Return what a note says: nothing if it is a client's, whose name says all."""
    data = b""
    with opened(path, owners) as (descriptor, _):
        while more := os.read(descriptor, READ_BYTES):
            data += more
    name = parse_note_name(path.name)
    if name is None or name.reason == "spool_full":
        return []
    try:
        return _decode(data)
    except msgspec.MsgspecError:
        return [_said_by(name)]


def _said_by(name: NoteName) -> Note:
    return Note("discarded", name.reason, SHUTDOWN_DETAIL, name.events)
