"""What happens to a database's files, and what the daemon's log and folder say of it afterwards."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from support.daemon import Daemon, Row, wait_until
from support.store import NOW, whole, writer
from support.streams import SESSIONS, Stream
from traced.store.recorder import Recorder

every_damage = pytest.mark.skipif(
    os.environ.get("TRACED_DAMAGE") != "all", reason="takes its time: TRACED_DAMAGE=all"
)


def lines(daemon: Daemon, event: str) -> list[Row]:
    """Return the log's lines of an event."""
    written = daemon.log.read_text().splitlines()
    said = [json.loads(line) for line in written if line.startswith("{")]
    return [line for line in said if line["event"] == event]


def wait_for_line(daemon: Daemon, event: str) -> Row:
    """Wait for the first line of an event."""
    wait_until(lambda: bool(lines(daemon, event)), f"{event} in {daemon.log}")
    return lines(daemon, event)[0]


def set_aside(daemon: Daemon) -> list[Path]:
    """Return the databases that were set aside, without what was beside them."""
    return sorted(
        path
        for path in daemon.folder.glob("traced.db.corrupt-*")
        if not path.name.endswith(("-wal", "-shm"))
    )


@contextmanager
def streams(daemon: Daemon, label: str) -> Iterator[list[Stream]]:
    """Connect some clients for the length of the block."""
    some = [Stream(daemon, f"{label}{number}") for number in range(3)]
    try:
        yield some
    finally:
        for stream in some:
            stream.close()


def recorded(folder: Path) -> Path:
    """Return a database as a daemon left it, in several pages, of the sessions of `native`."""
    folder.mkdir(mode=0o700)
    db = folder / "traced.db"
    db.touch(0o600)
    with closing(writer(db)) as connection:
        events = [
            whole(f"n{number}", session=f"s{number % SESSIONS}", input_summary="x" * 200)
            for number in range(600)
        ]
        Recorder(connection).append(events, NOW)
    return db


def acked(some: Iterable[Stream], rounds: int = 3, **said: object) -> dict[str, Row]:
    """Let clients send, and read all acks; return those by event id."""
    for _ in range(rounds):
        for stream in some:
            stream.send(40, **said)
        for stream in some:
            stream.receive()
    return {event_id: answer for stream in some for event_id, answer in stream.told.items()}


def in_flight(some: Iterable[Stream], **said: object) -> None:
    """Let clients send without reading the acks."""
    for stream in some:
        stream.send(200, **said)


def event_ids(db: Path) -> set[str]:
    """Return what a database file holds, by its own account."""
    with closing(sqlite3.connect(db)) as connection:
        return {each for (each,) in connection.execute("SELECT event_id FROM execution_traces")}


def copy_of(db: Path, name: str) -> Path:
    """Make a backup, as an operator does."""
    copy = db.with_name(name)
    with closing(sqlite3.connect(db)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    copy.chmod(0o600)
    return copy


def witness(db: Path) -> Path:
    """Give the file a second name, under which it can be read when the first is another's."""
    name = db.with_name("witness.db")
    os.link(db, name)
    return name


def spoil(db: Path, first_byte: int, count: int | None = None) -> None:
    """Write garbage over a part of a file, in place."""
    size = db.stat().st_size - first_byte if count is None else count
    with db.open("r+b") as file:
        file.seek(first_byte)
        file.write(b"\xa5" * size)
