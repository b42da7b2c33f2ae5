"""Who comes second to a place is told, and who was first does not notice."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.daemon import Daemon
from support.mixed_traffic import shared
from support.oracle import check_once, check_told
from support.resending import Resender
from support.second import Second
from support.snapshot import Snapshot


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that lives through all that is tried, while a client streams."""
    with Daemon(tmp_path_factory.mktemp("first") / "d") as daemon, ThreadPoolExecutor(1) as pool:
        call_of: dict[str, str | None] = {}
        sender = Resender(daemon.socket, shared("c", call_of), 1)
        stop = threading.Event()
        streaming = pool.submit(sender.run, stop)
        try:
            yield daemon
        finally:
            stop.set()
        streaming.result()
        stored = Snapshot(daemon.db)
        check_once(stored, {})
        assert check_told(stored, [sender], call_of).keys() == {"stored"}
        assert daemon.status()["connections"] == 1
        assert daemon.stop() == 0


@pytest.fixture(scope="module")
def seconds(first: Daemon, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Second]:
    """Starts on the places of the first one, all at the same time."""
    folder = tmp_path_factory.mktemp("seconds")
    by_link = folder / "by-link"
    by_link.symlink_to(first.folder)
    given: dict[str, dict[str, Path]] = {
        "both": {"db": first.db, "socket": first.socket},
        "database": {"db": first.db},
        "socket": {"socket": first.socket},
        "database in a linked folder": {"db": by_link / "traced.db"},
        "link to the socket": {"socket": folder / "link.sock"},
    }
    (folder / "link.sock").symlink_to(first.socket)
    return {
        name: Second(folder / str(number), **places)
        for number, (name, places) in enumerate(given.items())
    }


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("both", "database"),
        ("database", "database"),
        ("socket", "socket"),
        ("database in a linked folder", "database"),
        ("link to the socket", "socket"),
    ],
)
def test_second_one_is_refused_while_the_first_lives(
    first: Daemon, seconds: dict[str, Second], name: str, what: str
) -> None:
    """By whatever name it knows the place, it is told which and by whom it is held, and exits 1."""
    assert first.process is not None
    place = seconds[name].places["db" if what == "database" else "socket"]

    code, told = seconds[name].refused()
    assert code == 1
    assert told == (
        f"traced: {what} {place} is in use by another traced (pid {first.process.pid}):"
        " stop that one, or give this one another place\n"
    )


def test_second_name_of_the_database_file_is_refused(first: Daemon, tmp_path: Path) -> None:
    """By two hard links it would have two logs: neither is opened, whoever holds the other."""
    linked = tmp_path / "linked.db"
    linked.hardlink_to(first.db)
    try:
        code, told = Second(tmp_path, db=linked).refused()
    finally:
        linked.unlink()

    assert code == 78
    assert told == f"traced: {linked} has 2 links, expected 1: remove the others, or copy it\n"
