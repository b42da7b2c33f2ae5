"""Room that removed sessions leave: in the file and in the log."""

import sqlite3
from functools import partial
from pathlib import Path

from support.removing import delete, hide
from support.store import append, whole, writer

from traced.store import removal
from traced.store.reader import open_reader
from traced.store.recorder import Recorder


def test_free_pages_are_cut_off_in_slices(
    path: Path, connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """As many as were asked for at once, until only those that are kept are free."""
    append(recorder, *(whole(output_summary="x" * 400) for _ in range(900)))
    hide(recorder, 1)
    delete(recorder, connection)
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()

    work = partial(removal.free_pages, pages_max=20, bytes_kept=5 * 4096)
    freed = []
    while (rows_freed := recorder.remove(work).rows) > 0:
        freed.append(rows_freed)

    assert free > 60
    assert freed[0] == 20
    assert sum(freed) == free - 5


def test_the_file_shrinks_and_the_log_is_emptied(
    path: Path, connection: sqlite3.Connection, recorder: Recorder
) -> None:
    """On the disk, not only in the database's own books."""
    append(recorder, *(whole(output_summary="x" * 400) for _ in range(900)))
    recorder.remove(removal.empty_log)
    before = path.stat().st_size
    hide(recorder, 1)
    delete(recorder, connection)

    recorder.remove(partial(removal.free_pages, pages_max=10_000, bytes_kept=0))
    recorder.remove(removal.empty_log)

    assert path.stat().st_size < before / 3
    assert path.with_name("traced.db-wal").stat().st_size == 0


def test_a_reader_in_the_way_is_not_waited_for(path: Path) -> None:
    """The log stays then, and how long statements wait is as before."""
    connection = writer(path)
    connection.execute("PRAGMA busy_timeout = 600000")
    recorder = Recorder(connection)
    append(recorder, whole())
    reader = open_reader(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sessions").fetchone()

    recorder.remove(removal.empty_log)

    assert path.with_name("traced.db-wal").stat().st_size > 0
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (600_000,)
    reader.close()
    connection.close()
