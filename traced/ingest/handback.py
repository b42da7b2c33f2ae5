"""
What a stop could not store, handed back to the spool for the next start.

Law: each event that is still held is in the spool afterwards, or counted as lost; its order is
kept. Only what is known not to be committed is held: the writer is over before this begins.

An event in the spool was received and has not ended: it stays ``queued`` in the last figures, and
the next start receives it again. A line that was rejected cannot be written again as it was, so the
row that tells of it is noted. What came out of the spool is in it still, and is left alone.

As in any file of the spool the lines are those of the clients, unredacted; and as its files belong
to the daemon's user, what root had sent counts as this user's.
"""

import os
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, Raw

from traced.client.spool import TOKEN_BYTES, make_name, make_note_name, write_file
from traced.core.ends import as_object
from traced.core.event import Rejected
from traced.core.wire import Envelope, ExportedLine, HookPayload, LifeLine, NativeEvent, TooLong
from traced.ingest.intake import Record, Submission
from traced.ingest.notes import SHUTDOWN_DETAIL, Note, encode_notes

# What is lost together if there is no room for a file, and far below what the reader takes.
FILE_BYTES_AIM: Final = 1 << 20
# Nobody waits for an answer any more, and the alias of the session id is resolved.
_DROPPED: Final = frozenset({"ack", "sdk_session_id"})

Whose = tuple[str | None, str | None]


class HandedBack(NamedTuple):
    """How many events are in the spool, in so many files, and how many are lost, and why."""

    events: int
    files: int
    lost: int
    why: str | None


class _File(NamedTuple):
    unix_ns: int
    lines: list[bytes]
    senders: list[Whose]


def hand_back(held: Sequence[Submission], spool: Path, state: Path) -> HandedBack:
    """Write what is held to the folder `spool`; where notes do not fit there, to `state`."""
    rejected = list(_rejected(held))
    events = files = 0
    lost: Counter[Whose] = Counter()
    why: str | None = None
    unix_ns = 0
    for file in _files(held):
        unix_ns = max(unix_ns + 1, file.unix_ns)
        name = make_name(unix_ns, os.getpid(), _token())
        try:
            write_file(spool / name, b"".join(file.lines))
        except OSError as error:
            why = _failure(spool, error)
            lost.update(file.senders)
        else:
            files += 1
            events += len(file.senders)
    notes = [*map(_note_of, rejected), *(_note_of_lost(*each) for each in lost.items())]
    if not notes:
        return HandedBack(events, files, 0, None)
    count = len(rejected) + lost.total()
    if (failure := _write(notes, count, (spool, state))) is None:
        return HandedBack(events + len(rejected), files, lost.total(), why)
    return HandedBack(events, files, count, why or failure)


def line_of(record: Record) -> bytes | None:
    """Return a line that means what the record means, None if only its rejection does."""
    match record:
        case NativeEvent() | LifeLine() | Envelope() | ExportedLine():
            return _line(record)
        case HookPayload():
            return record.payload + b"\n"
        case TooLong(salvaged=salvaged) if salvaged is not None:
            return _line(
                Envelope(
                    Raw(salvaged.payload),
                    agent=salvaged.agent,
                    event_id=salvaged.event_id,
                    sent_at=salvaged.sent_at,
                    agent_pid=salvaged.agent_pid,
                )
            )
        case _:
            return None


def _line(record: NativeEvent | LifeLine | Envelope | ExportedLine) -> bytes:
    given = {
        name: value
        for name in record.__struct_fields__
        if name not in _DROPPED
        and (value := getattr(record, name)) is not None
        and value is not UNSET
        and not (isinstance(value, Raw) and not value)
    }
    return msgspec.json.encode(given) + b"\n"


def _files(held: Sequence[Submission]) -> Iterator[_File]:
    """Yield the files to write: of one time each, for that is all that many lines say of it."""
    file = _File(0, [], [])
    size = 0
    for submission in held:
        unix_ns = submission.received_at * 1_000_000
        for record in submission.records if submission.origin is None else ():
            line = line_of(record)
            if line is None:
                continue
            if file.lines and (file.unix_ns != unix_ns or size + len(line) > FILE_BYTES_AIM):
                yield file
                file, size = _File(unix_ns, [], []), 0
            file = file if file.lines else _File(unix_ns, [], [])
            file.lines.append(line)
            size += len(line)
            if not isinstance(record, TooLong):  # it counts as rejected
                file.senders.append(_whose(record))
    if file.lines:
        yield file


def _rejected(held: Sequence[Submission]) -> Iterator[Rejected]:
    for submission in held:
        if submission.origin is None:
            for record in submission.records:
                if isinstance(record, Rejected):
                    yield record
                elif isinstance(record, TooLong):
                    yield record.rejected


def _whose(record: Record) -> Whose:
    match record:
        case NativeEvent() | LifeLine() | ExportedLine():
            return record.agent, record.session_id
        case Envelope():
            return record.agent, _session_id(bytes(record.payload))
        case HookPayload():
            return None, _session_id(record.payload)
        case _:
            return None, None


def _session_id(payload: bytes) -> str | None:
    session_id = as_object(payload).get("session_id")
    return session_id if isinstance(session_id, str) else None


def _note_of(rejected: Rejected) -> Note:
    return Note(
        "rejected",
        rejected.reason,
        rejected.detail,
        agent=rejected.agent,
        session_id=rejected.session_id,
        raw=rejected.raw,
        length=rejected.length,
    )


def _note_of_lost(whose: Whose, count: int) -> Note:
    agent, session_id = whose
    return Note("discarded", "shutdown", SHUTDOWN_DETAIL, count, agent, session_id)


def _failure(folder: Path, error: OSError) -> str:
    return f"{folder} cannot be written: {error.strerror or error}"


def _write(notes: Sequence[Note], count: int, folders: Sequence[Path]) -> str | None:
    """Leave a note in the first folder with room for it; return why that failed, None if not."""
    why = None
    name = make_note_name(time.time_ns(), os.getpid(), _token(), count)
    for content in (encode_notes(notes), b""):  # a full disk has room for a name
        for folder in folders:
            try:
                write_file(folder / name, content)
            except OSError as error:
                why = why or _failure(folder, error)
            else:
                return None if content else why
    return why


def _token() -> str:
    return secrets.token_hex(TOKEN_BYTES)
