import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.index import BLOCK, drain, impatient, orders
from support.rows import Recording

from traced.core.errors import StoreBusy, StoreError
from traced.store.index.companion import companion_path
from traced.store.index.indexer import Indexer

HANG_SECONDS = 60


@pytest.fixture
def indexer(recording: Recording) -> Iterator[Indexer]:
    """An indexer of the recording that puts nothing off."""
    with closing(Indexer(recording.path, impatient())) as opened:
        yield opened


def test_it_says_what_there_was_to_do(recording: Recording, indexer: Indexer) -> None:
    """Tallies come first, then words; with nothing left it says so."""
    recording.step(recording.session(), 1)
    recording.skip(BLOCK)
    done = [indexer.work() for _ in range(30)]

    assert done[0] == "tallies"
    assert done[1:] == ["words"] * done.count("words") + [None] * done.count(None)
    assert done[-1] is None


def test_a_deleted_companion_is_made_anew(recording: Recording, indexer: Indexer) -> None:
    """What is deleted while it is open is there again after the next slices."""
    recording.step(recording.session(), 1)
    drain(indexer)
    companion_path(recording.path).unlink()
    drain(indexer)

    assert companion_path(recording.path).exists()
    assert orders(recording.path, "bash") == [1]


def test_a_replaced_companion_is_noticed(recording: Recording, indexer: Indexer) -> None:
    """Rubbish put in its place while it is open is thrown away."""
    recording.step(recording.session(), 1)
    drain(indexer)
    rubbish = recording.path.with_name("rubbish")
    rubbish.write_bytes(b"rubbish" * 1000)
    rubbish.rename(companion_path(recording.path))
    drain(indexer)

    assert orders(recording.path, "bash") == [1]


def test_a_replaced_database_has_a_companion_of_its_own(
    recording: Recording, indexer: Indexer, tmp_path: Path
) -> None:
    """When another database takes the place of the one that was open, all is made anew."""
    recording.step(recording.session(), 1, name="Read", created_at=1)
    drain(indexer)
    recording.connection.close()
    for suffix in ("-wal", "-shm"):
        recording.path.with_name(recording.path.name + suffix).unlink(missing_ok=True)
    other = Recording(tmp_path / "other.db")
    other.step(other.session(), 1, created_at=2)
    other.connection.close()
    other.path.rename(recording.path)
    drain(indexer)

    assert orders(recording.path, "read") == []
    assert orders(recording.path, "bash") == [1]


def test_damage_is_put_right(recording: Recording, indexer: Indexer) -> None:
    """A companion that proves damaged in a slice costs that slice, and is made anew."""
    pk = recording.session()
    recording.step(pk, 1)
    drain(indexer)
    with closing(sqlite3.connect(companion_path(recording.path))) as connection:
        connection.execute("UPDATE words_0_0_data SET block = x'00000001ffffffffff' WHERE id = 10")
        connection.commit()
    recording.step(pk, 2)

    with pytest.raises(StoreBusy, match="malformed"):
        drain(indexer)
    drain(indexer)
    assert orders(recording.path, "bash") == [2, 1]


def test_another_programs_file_stays(recording: Recording, indexer: Indexer) -> None:
    """A file that is not a companion is told of and left alone."""
    with closing(sqlite3.connect(companion_path(recording.path))) as connection:
        connection.execute("CREATE TABLE theirs (a)")

    with pytest.raises(StoreError, match="another program's file; move it away"):
        indexer.work()


def test_without_a_database_it_waits(tmp_path: Path) -> None:
    """Where no database is there yet, nothing can be done just now."""
    with (
        closing(Indexer(tmp_path / "traced.db")) as indexer,
        pytest.raises(StoreBusy, match="cannot be written just now"),
    ):
        indexer.work()


def test_an_interrupt_may_come_while_it_is_closed(recording: Recording, indexer: Indexer) -> None:
    """It comes from another thread, at the daemon's end, which it must not disturb."""
    recording.step(recording.session(), 1)
    indexer.work()
    assert indexer._opened is not None
    indexer._opened.connection.close()

    indexer.interrupt()


def test_an_interrupted_slice_was_never_begun(recording: Recording, indexer: Indexer) -> None:
    """An interrupt costs the slice it meets, and the next one does that work."""
    pk = recording.session()
    for order in range(1, 200):
        recording.step(pk, order)
    indexer.interrupt()  # nothing is open yet
    drain(indexer)
    recording.step(pk, 200, name="Read")
    indexer.interrupt()  # nothing runs
    drain(indexer)

    assert orders(recording.path, "read") == [200]


BUSY = """
import sys
from pathlib import Path
from support.index import impatient
from traced.store.index.indexer import Indexer
indexer = Indexer(Path(sys.argv[1]), impatient())
for number in range(10**9):
    indexer.work()
    print(number, flush=True)
"""


def test_killed_at_any_instant_it_goes_on(recording: Recording) -> None:
    """Killed again and again, in whatever slice, it ends with the same words and figures."""
    pk = recording.session()
    recording.connection.execute("BEGIN")
    for order in range(1, 3001):
        recording.step(pk, order, input_summary=f"word{order}")
        recording.skip(20)
    recording.connection.execute("COMMIT")
    for slices in (0, 1, 3, 7, 12, 2):
        process = subprocess.Popen(
            [sys.executable, "-c", BUSY, str(recording.path)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
        )
        with process:
            assert process.stdout is not None
            for _ in range(slices + 1):
                assert process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            assert process.wait(HANG_SECONDS) == -signal.SIGKILL
    with closing(Indexer(recording.path, impatient())) as indexer:
        drain(indexer)

    for order in (1, 1500, 3000):
        assert orders(recording.path, f"word{order}", limit=3000) == [
            each for each in range(3000, 0, -1) if str(each).startswith(str(order))
        ]
