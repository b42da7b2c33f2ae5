import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from support.store import append, connect, dump, orders, whole, writer
from support.walk import Walk

from traced.core.errors import StoreBusy
from traced.core.event import Event
from traced.store.recorder import Recorder

Failure = Callable[[Path, sqlite3.Connection], AbstractContextManager[None]]


@contextmanager
def locked(path: Path, _: sqlite3.Connection) -> Iterator[None]:
    """Let another process write."""
    other = connect(path)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


@contextmanager
def locked_between(path: Path, connection: sqlite3.Connection) -> Iterator[None]:
    """Let another process write once the batch was rolled back, before it goes one by one."""
    other = connect(path)
    begun = 0

    def come_second(statement: str) -> None:
        nonlocal begun
        begun += statement == "BEGIN IMMEDIATE"
        if begun == 2 and not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")

    connection.set_trace_callback(come_second)
    yield
    connection.set_trace_callback(None)
    other.close()


@contextmanager
def no_page_left(_: Path, connection: sqlite3.Connection) -> Iterator[None]:
    """Let the database be full: that it is shows while rows are inserted."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    yield
    connection.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def no_byte_left(path: Path, _: sqlite3.Connection) -> Iterator[None]:
    """Let the disk be full: that it is shows at the commit, when the log is written."""
    log = path.with_name(f"{path.name}-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(_: Path, connection: sqlite3.Connection) -> Iterator[None]:
    """Let nothing be written."""
    connection.execute("PRAGMA query_only = ON")
    yield
    connection.execute("PRAGMA query_only = OFF")


def batch(seed: int, events: int, *, poison: bool) -> list[Event]:
    """Return a batch of many kinds and sessions, with or without one that is refused."""
    walk = Walk(seed, sessions=40)
    # Long summaries, so that it needs pages whatever was there.
    fill = [whole(f"fill-{number}", input_summary="x" * 500) for number in range(300)]
    refused = [whole(duration_ms=-1.0)] if poison else []
    return [*(walk.event() for _ in range(events)), *refused, *fill]


FAILURES = pytest.mark.parametrize(
    ("failure", "poison"),
    [
        (locked, False),
        (locked_between, True),
        (no_page_left, False),
        (no_page_left, True),
        (no_byte_left, False),
        (no_byte_left, True),
        (read_only, False),
        (read_only, True),
    ],
)


@FAILURES
def test_a_batch_that_cannot_be_written_is_whole(
    path: Path, tmp_path: Path, *, failure: Failure, poison: bool
) -> None:
    """Nothing of it is stored, however often it is tried, and then it is as if nothing had been."""
    twin_path = tmp_path / "twin.db"
    connection, twin = writer(path), writer(twin_path)
    recorder, twin_recorder = Recorder(connection), Recorder(twin)
    first, second = batch(1, 100, poison=False), batch(2, 200, poison=poison)
    append(recorder, *first)
    append(twin_recorder, *first)
    before = dump(connection)
    with failure(path, connection):
        for _ in range(2):
            with pytest.raises(StoreBusy):
                append(recorder, *second)
    assert dump(connection) == before

    assert append(recorder, *second) == append(twin_recorder, *second)
    assert dump(connection) == dump(twin)
    connection.close()
    twin.close()


@FAILURES
def test_memory_agrees_with_the_database_after_a_failure(
    path: Path, tmp_path: Path, *, failure: Failure, poison: bool
) -> None:
    """A recorder that failed goes on exactly as one that is started then."""
    connection = writer(path)
    recorder = Recorder(connection)
    append(recorder, *batch(1, 100, poison=False))
    with failure(path, connection), pytest.raises(StoreBusy):
        append(recorder, *batch(2, 200, poison=poison))
    copy_path = tmp_path / "copy.db"
    connection.execute("VACUUM INTO ?", (str(copy_path),))
    copy = writer(copy_path)
    fresh = Recorder(copy)
    for seed in range(3, 6):
        following = batch(seed, 50, poison=poison)
        assert append(recorder, *following) == append(fresh, *following)

    assert dump(connection) == dump(copy)
    connection.close()
    copy.close()


@pytest.mark.parametrize("poison", [True, False])
def test_a_damaged_database_costs_no_event(path: Path, *, poison: bool) -> None:
    """None is refused for a page that cannot be read: the batch stays whole."""
    connection = writer(path)
    append(Recorder(connection), whole(agent_id="a1"))
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name = 'step_by_agent'"
    ).fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(b"\xff" * 4096)
    connection = writer(path)
    recorder = Recorder(connection)
    # Refused before the damaged page is looked at, so that the others go one by one.
    events = [*([whole("\ud83d")] if poison else []), whole(agent_id="a1")]
    with pytest.raises(StoreBusy, match="malformed"):
        append(recorder, *events)

    assert connection.execute("SELECT count(*) FROM rejected").fetchone() == (0,)
    assert not connection.in_transaction
    connection.close()


def test_a_closed_database_is_busy(path: Path) -> None:
    """Whoever still holds its recorder is told so in the house's words."""
    connection = writer(path)
    recorder = Recorder(connection)
    connection.close()

    for ask in (
        recorder.prove,
        lambda: recorder.running_sessions(0, 9),
        lambda: recorder.agents_of(["s1"]),
    ):
        with pytest.raises(StoreBusy, match="closed database"):
            ask()


def test_a_transaction_that_was_left_open_is_rolled_back(
    recorder: Recorder, connection: sqlite3.Connection
) -> None:
    """One failure later the recorder is itself again."""
    connection.execute("BEGIN")
    with pytest.raises(StoreBusy, match="within a transaction"):
        append(recorder, whole())
    append(recorder, whole())

    assert orders(connection) == [1]
