import sqlite3
from contextlib import closing
from pathlib import Path

from support.index import VOLUME, bring_up_to_date, drain, impatient, orders
from support.rows import Recording

from traced.store.index.companion import companion_path
from traced.store.index.indexer import Indexer


def kept(path: Path) -> list[tuple[int, int, int, int]]:
    """Return number, generation, entries and whether it is merged of each volume."""
    with closing(sqlite3.connect(companion_path(path))) as connection:
        query = "SELECT number, generation, entries, merged FROM volume ORDER BY 1, 2"
        return connection.execute(query).fetchall()


def tables(path: Path) -> set[str]:
    """Return the names of a companion's full-text tables."""
    with closing(sqlite3.connect(companion_path(path))) as connection:
        query = "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'"
        return {name for (name,) in connection.execute(query)}


def test_full_volumes_are_merged(recording: Recording) -> None:
    """A volume whose last number was given becomes as quick to search as it can be."""
    pk = recording.session()
    recording.step(pk, 1)
    recording.skip(VOLUME)
    recording.step(pk, 2)
    bring_up_to_date(recording.path)

    assert kept(recording.path) == [(0, 0, 1, 1), (1, 0, 1, 0)]
    assert orders(recording.path, "bash") == [2, 1]


def test_few_new_steps_wait(recording: Recording) -> None:
    """Who searches goes through a few new steps himself: they are put in together, in a while."""
    pk = recording.session()
    recording.step(pk, 1)
    now = 100.0
    with closing(Indexer(recording.path, lambda: now)) as indexer:
        drain(indexer)
        recording.step(pk, 2)
        drain(indexer)
        assert kept(recording.path) == [(0, 0, 1, 0)]
        assert orders(recording.path, "bash") == [2, 1]

        now = 111.0
        drain(indexer)
        assert kept(recording.path) == [(0, 0, 2, 0)]


def test_much_that_is_void_is_written_anew(recording: Recording) -> None:
    """A full volume of which most steps have changed since holds, in the end, what is in use."""
    pk = recording.session()
    steps = [recording.step(pk, order) for order in range(1, 9)]
    bring_up_to_date(recording.path)
    recording.skip(VOLUME)
    for step in steps[:4]:
        recording.change(step, name="Read")
    bring_up_to_date(recording.path)

    assert kept(recording.path) == [(0, 1, 4, 1), (1, 0, 4, 0)]
    assert tables(recording.path) == {"words_0_1", "words_1_0"}
    assert orders(recording.path, "bash") == [8, 7, 6, 5]
    assert orders(recording.path, "read") == [4, 3, 2, 1]


def test_words_of_removed_steps_go(recording: Recording) -> None:
    """A volume of which steps were removed is written anew without their words."""
    gone, stays = recording.session("s1"), recording.session("s2")
    recording.step(gone, 1, input_summary="confidential")
    recording.step(stays, 2)
    bring_up_to_date(recording.path)
    recording.remove(gone)

    assert orders(recording.path, "confidential") == []
    bring_up_to_date(recording.path)
    assert kept(recording.path) == [(0, 1, 1, 0)]
    assert b"onfidential" not in companion_path(recording.path).read_bytes()


def test_volumes_without_steps_go(recording: Recording) -> None:
    """When the oldest steps are removed, their volumes are dropped whole."""
    gone, stays = recording.session("s1"), recording.session("s2")
    recording.step(gone, 1)
    recording.skip(2 * VOLUME)
    recording.step(stays, 2)
    bring_up_to_date(recording.path)
    recording.remove(gone)
    bring_up_to_date(recording.path)

    assert [number for number, *_ in kept(recording.path)] == [2]
    assert tables(recording.path) == {"words_2_0"}


def test_removals_are_waited_out(recording: Recording) -> None:
    """Where one session is removed others are too: a minute later all is written anew, once."""
    sessions = [recording.session(f"s{order}") for order in range(1, 5)]
    for order, pk in enumerate(sessions, 1):
        recording.step(pk, order)
    now = 0.0
    with closing(Indexer(recording.path, lambda: now)) as indexer:
        drain(indexer)
        for pk in sessions[:2]:
            recording.remove(pk)
            drain(indexer)
            now += 29.0
            assert kept(recording.path) == [(0, 0, 4, 0)]
        now = 61.0
        drain(indexer)

    assert kept(recording.path) == [(0, 1, 2, 0)]


def test_a_volume_being_written_anew_is_not_used(recording: Recording) -> None:
    """Until it holds as much as the one before it, that one is searched."""
    sessions = [recording.session(f"s{order}") for order in range(1, 4)]
    for order, pk in enumerate(sessions, 1):
        recording.step(pk, order)
    with closing(Indexer(recording.path, impatient())) as indexer:
        drain(indexer)
        recording.remove(sessions[0])
        while len(kept(recording.path)) == 1:
            indexer.work()

        assert orders(recording.path, "bash") == [3, 2]
