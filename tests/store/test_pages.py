import re
import sqlite3

import pytest
from support.rows import START, Recording

from traced.core.errors import SessionAmbiguous, SessionUnknown
from traced.store import pages
from traced.store.reader import ReadConnection
from traced.store.statements import statement

# With what SQLite does first for each: it goes on from a key, in the order of an index.
STATEMENTS = {
    "page_recent": "SEARCH step USING INTEGER PRIMARY KEY (rowid<?)",
    "page_steps": "SEARCH step USING COVERING INDEX step_in_order (session_pk=? AND step_order>?)",
    "page_steps_of_prompt": "SEARCH step USING COVERING INDEX step_by_prompt"
    " (session_pk=? AND prompt_number=? AND step_order>?)",
    "page_sessions": "SEARCH session USING INDEX session_recent (last_event_at<?)",
    "sessions_by_id": "SEARCH session USING INDEX session_by_id (session_id=?)",
    "changed_between": "SEARCH step USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
}


def plan(connection: sqlite3.Connection, name: str) -> str:
    """Return what SQLite says that it will do."""
    sql = re.sub(r"^--.*\n", "", statement(name), flags=re.MULTILINE)
    named = dict.fromkeys(re.findall(r":(\w+)", sql), 1)
    rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", named)
    return "\n".join(step for *_, step in rows)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_page_costs_the_same_wherever_it_is(connection: sqlite3.Connection, name: str) -> None:
    """No table is read through and nothing sorted: a page is read off an index, from its key on."""
    planned = plan(connection, name)

    assert STATEMENTS[name] in planned
    assert "SCAN" not in planned
    assert "TEMP B-TREE" not in planned


def test_changed_steps_are_found_by_their_revision(connection: sqlite3.Connection) -> None:
    """The other half of what changed is read off the index of changed steps, between both ends."""
    expected = "SEARCH step USING INDEX step_changed (revision>? AND revision<?)"

    assert expected in plan(connection, "changed_between")


def test_pages_of_large_content_are_short(recording: Recording, reader: ReadConnection) -> None:
    """A page ends early where its content would be too much to hold; a step alone is never."""
    session = recording.session()
    half = "x" * (pages.CONTENT_BYTES_MAX // 2)
    for order, text in enumerate((half, half, half, half * 3, "x"), start=1):
        recording.step(session, order, input=text)

    counts, key = [], -1
    while True:
        page = pages.of_session(reader, session, 100, after=key)
        counts.append([step.step_order for step in page.steps])
        if page.key is None:
            break
        key = page.key

    assert counts == [[1, 2], [3], [4], [5]]


def test_what_comes_meanwhile_shifts_no_page(recording: Recording, reader: ReadConnection) -> None:
    """Steps recorded between two pages are on neither, and none is on both."""
    session = recording.session()
    made = [recording.step(session, order) for order in range(1, 5)]

    first = pages.recent(reader, 2)
    recording.step(session, 5)
    assert first.key is not None
    second = pages.recent(reader, 2, first.key)

    assert [step.id for step in second.steps + first.steps] == made


def test_a_session_used_again_leaves_its_page(recording: Recording, reader: ReadConnection) -> None:
    """Sessions go on from when the last one was used, whatever is used meanwhile."""
    keys = [recording.session(f"s{n}", steps=1, last_event_at=START - n) for n in range(4)]

    first = pages.sessions(reader, 2)
    recording.connection.execute(
        "UPDATE session SET last_event_at = ? WHERE pk = ?", (START + 9, keys[3])
    )
    assert first.key is not None
    second = pages.sessions(reader, 2, first.key)

    assert [entry.pk for entry in first.entries] == keys[:2]
    assert [entry.pk for entry in second.entries] == [keys[2]]


def test_removed_sessions_are_on_no_page(recording: Recording, reader: ReadConnection) -> None:
    """What retention has hidden is gone for the web, before its rows are deleted."""
    session = recording.session("s1", steps=1, removed_at=START)
    recording.step(session, 1)

    assert pages.sessions(reader, 9).entries == []
    assert pages.recent(reader, 9).steps == []
    assert pages.changes(reader, 0, 9).steps == []
    with pytest.raises(SessionUnknown):
        pages.exact_session(reader, "s1", None, None)


def test_an_id_is_exact(recording: Recording, reader: ReadConnection) -> None:
    """A session is found by its whole id; two with one id are told apart or refused."""
    pk = recording.session("s1")
    recording.session("s1", "codex")

    assert pages.exact_session(reader, "s1", "claude-code", None).pk == pk
    with pytest.raises(SessionAmbiguous, match="claude-code, codex"):
        pages.exact_session(reader, "s1", None, None)
    with pytest.raises(SessionUnknown):
        pages.exact_session(reader, "s", None, None)


def test_changes_come_window_by_window(recording: Recording, reader: ReadConnection) -> None:
    """Each window says up to where it looked, and the last state of every step is in one."""
    session = recording.session()
    made = [recording.step(session, order) for order in range(1, 6)]
    recording.change(made[0], status="error")

    told, revision = [], 0
    for _ in range(4):
        found = pages.changes(reader, revision, 2)
        told.append(([(step.id, step.status) for step in found.steps], found.revision))
        revision = found.revision

    assert told == [
        ([(2, "ok")], 2),
        ([(3, "ok"), (4, "ok")], 4),
        ([(5, "ok"), (1, "error")], 6),
        ([], 6),
    ]


def test_changes_of_one_session(recording: Recording, reader: ReadConnection) -> None:
    """Others' changes are left out, but looked through: the place goes on."""
    mine, other = recording.session("s1"), recording.session("s2")
    recording.step(other, 1)
    step = recording.step(mine, 1)

    found = pages.changes(reader, 0, 9, mine)

    assert ([step.id for step in found.steps], found.revision) == ([step], 2)


def test_a_place_beyond_the_newest_is_in_another_database(
    recording: Recording, reader: ReadConnection
) -> None:
    """Where the newest revision is below the one asked from, that newest is told."""
    recording.step(recording.session(), 1)

    assert pages.changes(reader, 900, 9) == pages.Changes([], 1)
