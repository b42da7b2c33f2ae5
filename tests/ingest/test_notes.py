import os
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from support.house import names_in, until
from support.spool_room import warnings
from support.store_room import StoreRoom, locked_database, rows, store_room

from traced.client.spool import make_note_name
from traced.core.event import Rejected
from traced.ingest import notes as noting
from traced.ingest.notes import Note, Notes, encode_notes

QUERY = "SELECT kind, reason, agent, session_id, count, raw FROM rejected_events ORDER BY id"
FIRED_NS = 1_790_000_000_000_000_001
TAKEN_ID = f"{FIRED_NS // 10**6:012x}{'ab' * 10}"
LOST_ID = f"{FIRED_NS // 10**6:012x}{'cd' * 10}"
STEP = (
    b'{"v":1,"session_id":"s","trace_type":"tool","name":"n","event_id":"%b"}' % TAKEN_ID.encode()
)
LOST = Note("discarded", "shutdown", "no room", 3, "custom", "s")


def reader(store: StoreRoom, folder: Path) -> Notes:
    """Return a reader of notes as a daemon that starts has it."""

    async def commit(entries: Sequence[Rejected], now: int) -> None:
        await store.store.run(lambda recorder: recorder.append(entries, now))

    return Notes(
        [folder],
        lambda uid: uid == os.geteuid(),
        commit,
        store.figures,
        store.intake,
        store.db,
    )


def empty_note(folder: Path, number: int) -> Path:
    """Leave what a hook client leaves."""
    path = folder / f".{number:020d}-1-ab.lost"
    path.touch()
    return path


def clients_note(folder: Path, event_id: str) -> Path:
    """Leave what a hook client leaves that found no room for this event."""
    path = folder / f".{FIRED_NS:020d}-1-{event_id[12:]}.lost"
    path.touch()
    return path


def daemons_note(folder: Path, *notes: Note, events: int = 3, content: bytes | None = None) -> Path:
    """Leave what a daemon leaves."""
    path = folder / make_note_name(1, 1, "ab", events)
    path.write_bytes(encode_notes(notes) if content is None else content)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A spool."""
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


async def test_clients_notes_become_one_row(tmp_path: Path, folder: Path) -> None:
    """As many events as there are notes had no room in the spool; the notes are gone."""
    for number in range(3):
        empty_note(folder, number)
    async with store_room(tmp_path) as store:
        await reader(store, folder).take_some()

        (row,) = rows(store.db, QUERY)
        assert (row["kind"], row["reason"], row["count"]) == ("discarded", "spool_full", 3)
        assert (row["session_id"], row["raw"]) == (None, None)
        assert names_in(folder) == set()
        assert store.figures.discarded == {"spool_full": 3}
        assert store.figures.received == store.figures.settled == 3


async def test_a_note_of_an_event_that_was_taken_after_all_is_no_loss(
    tmp_path: Path, folder: Path
) -> None:
    """Its client had no ack in time; of the two only the one that never came is told as lost."""
    clients_note(folder, TAKEN_ID)
    clients_note(folder, LOST_ID)
    async with store_room(tmp_path) as store:
        store.put(STEP)
        await store.write_all()
        await reader(store, folder).take_some()

        assert [row["count"] for row in rows(store.db, QUERY)] == [1]
        assert names_in(folder) == set()
        assert (store.figures.received, store.figures.stored) == (2, 1)
        assert store.figures.discarded == {"spool_full": 1}


async def test_a_clients_note_waits_until_what_came_is_settled(
    tmp_path: Path, folder: Path
) -> None:
    """Its event may be among what waits for the writer, or in the kernel while nobody is read."""
    note = clients_note(folder, TAKEN_ID)
    async with store_room(tmp_path) as store:
        notes = reader(store, folder)
        store.intake.stall(stalled=True)
        await notes.take_some()
        assert note.exists()
        store.put(STEP)
        store.intake.stall(stalled=False)
        await notes.take_some()
        assert note.exists()
        await store.write_all()
        await notes.take_some()

        assert not note.exists()
        assert rows(store.db, QUERY) == []


async def test_a_daemons_note_becomes_the_rows_that_it_holds(tmp_path: Path, folder: Path) -> None:
    """What each session lost, and what was rejected, with all that is kept of it."""
    daemons_note(folder, LOST, Note("rejected", "not_json", "d", raw=b"\xffraw", length=9))
    async with store_room(tmp_path) as store:
        await reader(store, folder).take_some()

        assert [tuple(row.values()) for row in rows(store.db, QUERY)] == [
            ("discarded", "shutdown", "custom", "s", 3, None),
            ("rejected", "not_json", None, None, 1, b"\xffraw"),
        ]
        assert store.figures.discarded == {"shutdown": 3}
        assert store.figures.rejected == {"not_json": 1}


@pytest.mark.parametrize("content", [b"", b'[{"kind":', b"[{}]"])
async def test_without_content_the_name_says_how_many(
    tmp_path: Path, folder: Path, content: bytes
) -> None:
    """There was room for no more than a name."""
    daemons_note(folder, events=17, content=content)
    async with store_room(tmp_path) as store:
        await reader(store, folder).take_some()

        (row,) = rows(store.db, QUERY)
        assert (row["reason"], row["count"], row["session_id"]) == ("shutdown", 17, None)


async def test_notes_met_again_are_the_same_rows(tmp_path: Path, folder: Path) -> None:
    """A daemon that was killed before it deleted them made their rows already."""
    async with store_room(tmp_path) as store:
        for _ in range(2):
            empty_note(folder, 1)
            empty_note(folder, 2)
            daemons_note(folder, LOST)
            await reader(store, folder).take_some()

        assert [row["count"] for row in rows(store.db, QUERY)] == [3, 2]


async def test_more_notes_than_a_look_takes_are_not_left_to_the_next_scan(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk leaves thousands; looks follow each other until all of them are rows."""
    monkeypatch.setattr(noting, "NOTES_A_LOOK_MAX", 2)
    for number in range(1, 6):
        empty_note(folder, number)
    async with store_room(tmp_path) as store, anyio.create_task_group() as tasks:
        tasks.start_soon(reader(store, folder).watch, 3600.0)
        await until(lambda: not names_in(folder), "the last note")
        tasks.cancel_scope.cancel()

    assert [row["count"] for row in rows(store.db, QUERY)] == [2, 2, 1]


async def test_a_note_stays_until_it_is_committed(tmp_path: Path, folder: Path) -> None:
    """While the database cannot be written nothing is counted or deleted."""
    note = empty_note(folder, 1)
    async with store_room(tmp_path) as store:
        await store.store.hurry()
        notes = reader(store, folder)
        with locked_database(store.db):
            assert not await notes.take_some()
            assert note.exists()
            assert store.figures.received == 0
        await notes.take_some()

        assert len(rows(store.db, QUERY)) == 1
        assert not note.exists()


async def test_what_is_no_note_of_ours_is_left(tmp_path: Path, folder: Path) -> None:
    """A link is told once and read by nobody; other names are nothing."""
    (folder / ".profile").touch()
    note = folder / f".{1:020d}-1-ab.lost"
    note.symlink_to(tmp_path / "t.db")
    async with store_room(tmp_path) as store:
        notes = reader(store, folder)
        with warnings() as told:
            await notes.take_some()
            await notes.take_some()

        assert rows(store.db, QUERY) == []
        assert [line["event"] for line in told] == ["spool_file_left"]
        assert note.is_symlink()
