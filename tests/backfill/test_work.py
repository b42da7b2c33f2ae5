"""An import, session after session."""

import io
import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from traced.backfill.files import SessionFiles
from traced.backfill.journal import Journal
from traced.backfill.sending import Sender, Taken
from traced.backfill.work import Tally, Work

LINE = {
    "type": "user",
    "sessionId": "s1",
    "timestamp": "2026-11-22T14:16:07.000Z",
    "message": {"role": "user", "content": "Do it"},
}
AT_MS = 1795356967000


class Kept(Sender):
    """A sender that keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def send(self, lines: Iterable[bytes], taken: Taken) -> None:
        """Keep lines."""
        sent = list(lines)
        self.lines += sent
        taken.added += len(sent)


class Room:
    """A transcript, and an import of it whose progress is noted."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "s1.jsonl"
        self.path.write_text(json.dumps(LINE) + "\n", encoding="utf-8")
        self.db = folder / "traced.db"
        self.db.touch()
        self.complaints: list[str] = []
        self.advanced = 0

    def take(self, *, oldest_ms: int = 0, again: bool = False) -> tuple[Tally, list[bytes]]:
        """Import the transcript; return what came of it and what was sent."""
        sender, tally = Kept(), Tally()
        journal = Journal(self.db)
        work = Work(sender, journal, oldest_ms, again, self.complaints.append, self._advance)
        work.take(SessionFiles(self.path, ()), tally)
        return tally, sender.lines

    def _advance(self, size: int) -> None:
        self.advanced += size


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A transcript to import."""
    return Room(tmp_path)


def test_a_session_is_read_once(room: Room) -> None:
    """Until it changes, or is asked for again; the bar goes on by its bytes either way."""
    first, sent = room.take()
    assert (first.read.sessions, first.unchanged, len(sent)) == (1, 0, 1)

    second, sent = room.take()
    assert (second.read.sessions, second.unchanged, sent) == (0, 1, [])
    assert room.advanced == 2 * room.path.stat().st_size

    assert room.take(again=True)[0].read.sessions == 1
    os.utime(room.path, (1, 1))
    assert room.take()[0].read.sessions == 1


def test_what_would_be_removed_at_once_is_not_imported(room: Room) -> None:
    """A session is as old as its last line, not as its file."""
    assert room.take(oldest_ms=AT_MS + 1)[0].read.too_old == 1
    assert room.take(oldest_ms=AT_MS)[0].read.sessions == 1


def test_without_a_time_in_it_a_file_is_as_old_as_it_is(room: Room) -> None:
    """Nothing else says."""
    room.path.write_text('{"type":"user","uuid":"u"}\n')
    os.utime(room.path, (1000, 1000))

    assert room.take(oldest_ms=1_000_001)[0].read.too_old == 1


def test_a_file_that_cannot_be_read_costs_its_session(room: Room) -> None:
    """It is named, and tried again the next time."""
    room.path.unlink()

    tally, _ = room.take()

    assert (tally.failed, tally.read.sessions) == (1, 0)
    assert room.complaints == [f"{room.path}: No such file or directory"]


def test_a_file_of_no_known_format_is_told(room: Room) -> None:
    """By its first records; it is not noted as read."""
    room.path.write_text('{"question":"answer"}\n')

    assert [room.take()[0].failed for _ in range(2)] == [1, 1]
    told = (
        f"{room.path}: not a format traced can import, expected a transcript of Claude"
        " Code or Codex, or what `traced export` wrote"
    )
    assert room.complaints == [told] * 2
    assert room.advanced == 2 * room.path.stat().st_size


def test_what_a_file_begins_with_need_not_be_known(room: Room) -> None:
    """An agent's next version may begin with something new."""
    room.path.write_text('{"new":1}\n' + room.path.read_text())

    assert room.take()[0].read.sessions == 1


def test_an_export_of_a_later_traced_is_told(room: Room) -> None:
    """With its name; it is tried again the next time."""
    room.path.write_text('{"kind":"export","$schema":"urn:traced:export:2"}\n')

    assert [room.take()[0].failed for _ in range(2)] == [1, 1]
    assert room.complaints[0] == (
        f"{room.path}: its $schema is 'urn:traced:export:2', expected 'urn:traced:export:1':"
        " a later traced wrote it"
    )


def test_an_export_is_not_passed_over_for_its_age(room: Room) -> None:
    """It holds many sessions, and each has its own."""
    head = {"kind": "export", "$schema": "urn:traced:export:1", "version": "0", "exported_at": ""}
    room.path.write_text(json.dumps(head) + "\n")
    os.utime(room.path, (1000, 1000))

    tally, _ = room.take(oldest_ms=AT_MS)
    assert (tally.read.too_old, tally.unchanged, tally.failed) == (0, 0, 0)
    assert room.complaints == [
        f"{room.path}: the file is cut short: it does not end as an export does"
    ]


def test_a_file_without_a_record_is_in_no_format(room: Room) -> None:
    """One message says so, not one for each line; an empty file or one just begun tells nothing."""
    room.path.write_bytes(b"root:x:0\nbin:x:1\n")
    assert room.take()[0].failed == 1
    assert len(room.complaints) == 1

    for begun in (b"", b'{"type":"us'):
        room.path.write_bytes(begun)
        assert room.take()[0].failed == 0


def test_what_is_written_while_a_session_is_read_is_for_the_next_time(room: Room) -> None:
    """It is not noted as imported."""

    def go_on(_: int) -> None:
        if room.path.stat().st_size < 1000:
            room.path.write_text(json.dumps(LINE) + "\n" * 1000, encoding="utf-8")

    work = Work(Kept(), Journal(room.db), 0, False, room.complaints.append, go_on)
    files = SessionFiles(room.path, ())
    work.take(files, Tally())

    assert not Journal(room.db).knows(files.paths)


@pytest.mark.parametrize(
    ("told", "sessions", "failed"),
    [(json.dumps(LINE).encode() + b"\n", 1, 0), (b"[]\n{}\n", 0, 1), (b"", 0, 1)],
    ids=["transcript", "other", "nothing"],
)
def test_a_stream_is_read_once(room: Room, told: bytes, sessions: int, failed: int) -> None:
    """Its first records, which say what it is, are not lost."""
    sender, tally = Kept(), Tally()
    work = Work(sender, Journal(room.db), 0, False, room.complaints.append, lambda _: None)

    work.take_stream(io.BytesIO(told), "standard input", tally)

    assert (tally.read.sessions, tally.failed) == (sessions, failed)
    assert len(sender.lines) == sessions
