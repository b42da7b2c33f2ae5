"""The hook client against daemons that are away, stuck or killed: nothing is lost, nobody waits."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.daemon import Daemon, wait_until
from support.hook_clients import CLIENTS, hook_client

PAYLOAD = {
    "session_id": "s",
    "hook_event_name": "PreToolUse",
    "tool_name": "Bash",
    "tool_input": {"command": "make test"},
    "tool_use_id": "call-1",
}
# The client's deadline is 0.25 s; the rest is for a machine that is busy with other tests.
HOOK_SECONDS_MAX = 5.0


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    """Name the client, in each of its forms, for what depends on the form."""
    return str(request.param)


def run_hook(daemon: Daemon, payload: object = PAYLOAD, *, client: str = "python") -> float:
    """Run the client as an agent does; return how long it took. It prints nothing, exits 0."""
    places = ["--socket", str(daemon.socket), "--spool", str(daemon.spool)]
    command = [*hook_client(client), "--agent", "claude-code", *places]
    started = time.monotonic()
    run = subprocess.run(
        command, input=json.dumps(payload).encode(), capture_output=True, check=False, timeout=30
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
    return time.monotonic() - started


@contextmanager
def not_started(folder: Path) -> Iterator[Daemon]:
    """Yield a daemon that does not run yet, with a spool as one leaves it; killed at the end."""
    daemon = Daemon(folder / "d")
    daemon.spool.mkdir(mode=0o700)
    with ExitStack() as ends:
        ends.push(daemon)
        yield daemon


def spooled(daemon: Daemon) -> list[Path]:
    """The files in the spool."""
    return sorted(daemon.spool.glob("[0-9]*.ndjson"))


@contextmanager
def deaf_server(path: Path, *, reads: bool) -> Iterator[list[bytes]]:
    """Something that accepts and never answers; if it reads, it closes after a whole line."""
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                connection, _ = server.accept()
                if reads:
                    heard.append(connection.makefile("rb").readline())
                    connection.close()
                else:
                    kept.append(connection)

        kept: list[socket.socket] = []
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield heard
        stopped.set()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as last:
            last.connect(str(path))
            last.sendall(b"\n")
            thread.join()
        for connection in kept:
            connection.close()
    path.unlink()


def check_stored_once(daemon: Daemon) -> None:
    """Once the daemon is back, the event is one step and the spool is empty."""
    daemon.start()
    wait_until(lambda: not spooled(daemon), "the spool to be taken in")
    (step,) = daemon.steps()
    assert (step["call_id"], step["status"], step["step_order"]) == ("call-1", "running", 1)


def test_acked_event_is_not_spooled(tmp_path: Path, client: str) -> None:
    """With the daemon up the event is stored when the client has returned."""
    with Daemon(tmp_path / "d") as daemon:
        run_hook(daemon, client=client)

        assert not spooled(daemon)
        (step,) = daemon.steps()
        assert step["input_summary"] == "make test"


def test_no_daemon(tmp_path: Path) -> None:
    """Without a daemon the event waits in the spool, mode 0600, until one starts."""
    with not_started(tmp_path) as daemon:
        assert run_hook(daemon) < HOOK_SECONDS_MAX

        (file,) = spooled(daemon)
        assert file.stat().st_mode & 0o777 == 0o600
        check_stored_once(daemon)


def test_what_waited_happened_before_it_was_read(tmp_path: Path) -> None:
    """A session does not last the longer, nor end the later, for the time in the spool."""
    with not_started(tmp_path) as daemon:
        run_hook(daemon)
        (file,) = spooled(daemon)
        sent_at = json.loads(file.read_bytes())["sent_at"]
        wait_until(lambda: time.time_ns() // 1_000_000 > sent_at, "the next millisecond")
        check_stored_once(daemon)

        (session,) = daemon.rows("sessions")
        assert session["started_at"] == session["last_event_at"]


def test_daemon_that_never_answers(tmp_path: Path, client: str) -> None:
    """A daemon that accepts and says nothing costs the deadline once, then nothing for a while."""
    with not_started(tmp_path) as daemon:
        with deaf_server(daemon.socket, reads=False):
            assert run_hook(daemon, client=client) < HOOK_SECONDS_MAX
            assert len(spooled(daemon)) == 1
            run_hook(daemon, PAYLOAD | {"tool_use_id": "call-2"}, client=client)
            assert len(spooled(daemon)) == 2
        daemon.start()
        wait_until(lambda: not spooled(daemon), "the spool to be taken in")
        assert [step["call_id"] for step in daemon.steps()] == ["call-1", "call-2"]


def test_daemon_killed_after_reading(tmp_path: Path, client: str) -> None:
    """An event that was read but never acked is in the spool, and stored once."""
    with not_started(tmp_path) as daemon:
        with deaf_server(daemon.socket, reads=True) as heard:
            assert run_hook(daemon, client=client) < HOOK_SECONDS_MAX
        assert b'"call-1"' in heard[0]
        assert len(spooled(daemon)) == 1
        check_stored_once(daemon)


def test_event_both_stored_and_spooled_is_one_step(tmp_path: Path) -> None:
    """An event whose ack was lost is stored and spooled; the daemon takes it once."""
    with not_started(tmp_path) as daemon:
        run_hook(daemon)
        (file,) = spooled(daemon)
        line = file.read_bytes().rstrip()
        check_stored_once(daemon)

        with daemon.connect() as client:
            client.send(line)
            answer = client.receive()

        assert (answer["status"], answer["step_order"]) == ("duplicate", 1)
        assert len(daemon.steps()) == 1


def test_spool_is_taken_in_while_running(tmp_path: Path) -> None:
    """A file that appears while the daemon runs is taken in without a restart."""
    with not_started(tmp_path) as daemon:
        run_hook(daemon)
        (file,) = spooled(daemon)
        line, name = file.read_bytes(), file.name
        file.unlink()
        daemon.settings["TRACED_SPOOL_SCAN_SECONDS"] = "0.1"
        daemon.start()

        hidden = daemon.spool / f".{name}"
        hidden.write_bytes(line)
        hidden.rename(daemon.spool / name)

        wait_until(lambda: not spooled(daemon), "the spool to be taken in")
        assert [step["call_id"] for step in daemon.steps()] == ["call-1"]


def test_garbage_never_blocks_the_spool(tmp_path: Path) -> None:
    """A spool file of garbage is told in rejected_events; the files behind it are taken in."""
    garbage = (b"", b"no json", b"\xff\xfe", b"[1,2]", b"{", b"null\n\n")
    with not_started(tmp_path) as daemon:
        run_hook(daemon)
        for number, content in enumerate(garbage):
            (daemon.spool / f"{number:020d}-1-00.ndjson").write_bytes(content)
        half_written = daemon.spool / f".{len(garbage):020d}-1-00.ndjson"
        half_written.write_bytes(b'{"v":1,"pay')

        check_stored_once(daemon)

        reasons = [row["reason"] for row in daemon.rows("rejected_events")]
        assert reasons == ["not_json", "not_utf8", "not_object", "not_json", "not_object"]
        assert half_written.exists()
