"""Places that two daemons want: starts at once, locks and sockets that go, files in the way."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.daemon import DEADLINE_SECONDS, PYTHON, Daemon, wait_until
from support.second import Second

ROUNDS = 40 if "TRACED_TORTURE_KILLS" in os.environ else 1
AT_ONCE = 3


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


def places_are_held(daemon: Daemon) -> bool:
    """Tell whether the files of a daemon's places are there, each made at a time of its own."""
    places = (daemon.socket, daemon.db)
    locks = [path.with_name(path.name + ".lock") for path in places]
    return daemon.socket.exists() and all(lock.exists() for lock in locks)


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
        wait_until(lambda: places_are_held(daemon), "the socket and the locks to be there again")
        daemon.wait_until_ready()  # a socket is there before it listens

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
    assert f"socket {path} is not a socket, expected a socket or nothing: move it away" in told
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
