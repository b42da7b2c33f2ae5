"""Two daemons and one place: who comes second is told, and who was first does not notice."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.daemon import DEADLINE_SECONDS, PYTHON, Daemon, wait_until
from support.mixed_traffic import shared
from support.oracle import check_once, check_told
from support.resending import Resender
from support.snapshot import Snapshot

ROUNDS = 40 if "TRACED_TORTURE_KILLS" in os.environ else 1
AT_ONCE = 3


class Second:
    """A start of `traced run` that is to be refused, on places of its own unless they are given."""

    def __init__(self, folder: Path, **places: Path) -> None:
        own = {"db": folder / "traced.db", "socket": folder / "traced.sock"}
        own["spool"] = folder / "spool"
        self.places = own | places
        command = [PYTHON, "-m", "traced", "run"]
        for name, path in self.places.items():
            command += [f"--{name}", str(path)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TRACED_")}
        self.process = subprocess.Popen(
            command,
            env=environment | {"HOME": str(folder / "home")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def refused(self) -> tuple[int, str]:
        """Return its exit code, and what it said."""
        try:
            out, told = self.process.communicate(timeout=DEADLINE_SECONDS)
        finally:
            self.process.kill()  # for one that was let in must not outlive the test
            self.process.wait()
        assert "Traceback" not in told
        assert out == ""
        return self.process.returncode, told


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


def test_exactly_one_of_several_starts_wins(tmp_path: Path) -> None:
    """However close they come, the others are told that the database is in use."""
    for number in range(ROUNDS):
        folder = tmp_path / f"d{number}"
        folder.mkdir(mode=0o700)
        starts = [Second(folder) for _ in range(AT_ONCE)]
        try:
            wait_until(lambda: len(living(starts)) <= 1, "all but one to end")  # noqa: B023
            (winner,) = living(starts)
            with Daemon(folder).connect() as client:
                assert client.ask({"v": 1, "control": "ping"})["pid"] == winner.process.pid
            for start in starts:
                if start is not winner:
                    code, told = start.refused()
                    assert code == 1
                    assert f"database {folder}/traced.db is in use by another traced" in told
        finally:
            for start in starts:
                start.process.kill()
                start.process.communicate()


def living(starts: list[Second]) -> list[Second]:
    """Return those that still run."""
    return [start for start in starts if start.process.poll() is None]


def test_what_a_killed_one_leaves_is_no_obstacle(tmp_path: Path) -> None:
    """Neither its socket nor its locks, even if their pid is that of another process by now."""
    with Daemon(tmp_path / "d") as daemon:
        daemon.kill()
        for lock in (daemon.db, daemon.socket):
            assert lock.exists()
            lock.with_name(lock.name + ".lock").write_text(f"{os.getpid()}\n")

        daemon.start()

        assert daemon.stop() == 0


def test_removed_socket_and_locks_are_made_again(tmp_path: Path) -> None:
    """A cleaner of /tmp costs clients some seconds, and lets no second daemon in."""
    with Daemon(tmp_path / "d") as daemon, daemon.connect() as client:
        client.ask(step("before"))
        for path in (daemon.socket, *daemon.folder.glob("*.lock")):
            path.unlink()
        wait_until(daemon.socket.exists, "the socket to be there again")

        with daemon.connect() as later:
            assert later.ask(step("after"))["step_order"] == 2
        assert client.ask(step("by the old connection"))["step_order"] == 3
        assert daemon.socket.stat().st_mode & 0o777 == 0o600
        code, _ = Second(tmp_path, db=daemon.db).refused()
        assert code == 1
        code, _ = Second(tmp_path, socket=daemon.socket).refused()
        assert code == 1
        assert daemon.stop() == 0
        assert not daemon.socket.exists()


def test_the_first_one_gives_way_to_one_that_took_its_lock(tmp_path: Path) -> None:
    """It writes nothing more, acks nothing, hands back what it holds, and says who has it now."""
    first, second = Daemon(tmp_path / "a"), Daemon(tmp_path / "b")
    second.db = first.db
    with ExitStack() as ends, first, first.connect() as client, first.connect() as silent:
        assert first.process is not None
        client.ask(step("before"))
        with stopped(first.process):  # or it could take its lock again in time
            first.db.with_name("traced.db.lock").unlink()
            ends.push(second)
            second.start()
            with second.connect() as other:
                assert other.ask(step("of the second"))["step_order"] == 2
            client.send_json(*(step(f"held {n}") for n in range(3)))
            silent.send_json({**step("of a silent one"), "ack": False})

        assert first.process.wait(DEADLINE_SECONDS) == 1
        assert second.process is not None
        told = f"database {first.db} is in use by another traced (pid {second.process.pid})"
        assert f"traced: {told}: stop that one, or" in first.log.read_text()
        with pytest.raises((AssertionError, ConnectionError)):
            client.receive()
        assert [row["name"] for row in second.steps()] == ["before", "of the second"]
        assert second.stop() == 0

        first.start()
        names = [row["name"] for row in first.steps()]
        assert names[:2] == ["before", "of the second"]
        assert sorted(names[2:]) == ["held 0", "held 1", "held 2", "of a silent one"]
        assert first.rows("rejected_events") == []
        assert first.stop() == 0


@contextmanager
def stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Let a process do nothing for the length of the block."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_file_in_the_place_of_the_socket_is_refused(tmp_path: Path) -> None:
    """It is somebody's: it stays as it is."""
    path = tmp_path / "some.file"
    path.write_text("precious")

    code, told = Second(tmp_path, socket=path).refused()

    assert code == 78
    assert f"socket {path} is no socket, expected a socket or nothing: move it away" in told
    assert path.read_text() == "precious"


def test_open_folders_and_files_are_refused_all_at_once(tmp_path: Path) -> None:
    """One start tells every chmod that is needed, and makes none itself."""
    state = tmp_path / ".local/state/traced"
    for folder in (state, state / "spool", state / "run"):
        folder.mkdir(parents=True)
    (state / "traced.db").touch()
    modes = {state: 0o755, state / "spool": 0o777, state / "run": 0o710, state / "traced.db": 0o644}
    for path, mode in modes.items():
        path.chmod(mode)
    started = subprocess.run(
        [PYTHON, "-m", "traced", "run"],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_SECONDS,
    )

    assert started.returncode == 78
    assert started.stderr == (
        f"traced: {state} has mode 0755, expected 0700: run `chmod 700 {state}`\n"
        f"{state}/run has mode 0710, expected 0700: run `chmod 700 {state}/run`\n"
        f"{state}/spool has mode 0777, expected 0700: run `chmod 700 {state}/spool`\n"
        f"{state}/traced.db has mode 0644, expected 0600: run `chmod 600 {state}/traced.db`\n"
    )
    assert {path: path.stat().st_mode & 0o777 for path in modes} == modes


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_socket_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """Its owner could put another socket in the place of ours."""
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 65534, -1)

    code, told = Second(tmp_path, socket=theirs / "t.sock").refused()

    assert code == 78
    assert f"{theirs} belongs to user 65534, expected 0 or root" in told
    assert list(theirs.iterdir()) == []


def step(name: str) -> dict[str, object]:
    """Return a whole step that asks for an ack."""
    event = {"v": 1, "session_id": "s", "trace_type": "tool", "name": name}
    return event | {"ack": True, "event_id": name}
