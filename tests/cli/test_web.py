import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from support.daemon import DEADLINE_SECONDS, PYTHON, Daemon, wait_until
from support.rows import Recording
from support.web import Server

from traced.web.peer import can_tell

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
needs_uids = pytest.mark.skipif(not can_tell(), reason="only Linux tells who asks")
OTHER_UID = 4711
# Asks as another user, who need not be able to read Python's files.
ASK_AS = """
import encodings.idna, http.client, os, sys
os.setuid(int(sys.argv[2]))
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
connection.request("GET", "/api/traces")
print(connection.getresponse().status)
"""


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    """A database with one step, open for writing."""
    recorded = Recording(tmp_path / "traced.db")
    recorded.step(recorded.session("s1", steps=1), 1, name="first")
    with closing(recorded.connection):
        yield recorded


@pytest.fixture(scope="module")
def shared() -> Iterator[Recording]:
    """A database with one step, which the tests of this file read."""
    with tempfile.TemporaryDirectory(prefix="traced-") as name:
        recorded = Recording(Path(name) / "traced.db")
        recorded.step(recorded.session("s1", steps=1), 1, name="first")
        with closing(recorded.connection):
            yield recorded


@pytest.fixture(scope="module")
def server(shared: Recording) -> Iterator[Server]:
    """`traced web` on it, on a port of its own choice."""
    with Server(shared.path.parent) as running:
        yield running


@needs_uids
def test_its_own_user_is_served(server: Server) -> None:
    """Who records on this machine reads it without any setting."""
    answer = server.get("/api/traces")

    assert answer.status_code == 200
    assert answer.json()["traces"][0]["name"] == "first"
    assert not server.token_file.exists()


@needs_uids
@needs_root
def test_other_users_of_the_machine_are_not(server: Server) -> None:
    """Another user's process, on the same machine and with the right Host, gets 403."""
    asked = subprocess.run(
        [sys.executable, "-c", ASK_AS, str(server.port), str(OTHER_UID)],
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=True,
    )

    assert asked.stdout == b"403\n"


@needs_uids
def test_a_web_page_from_elsewhere_is_not(server: Server) -> None:
    """From the user's own browser too, by a rebound name or from another origin."""
    assert server.get("/api/traces", host="evil.com").status_code == 403
    assert server.get("/api/traces", origin="http://evil.com").status_code == 403


def test_beyond_this_machine_a_token_is_needed(recording: Recording) -> None:
    """On all addresses nobody enters without it; it is in a private file, and nowhere else."""
    options = ("--host", "0.0.0.0", "--name", "box.lan")
    with Server(recording.path.parent, *options) as server:
        token = server.token_file.read_text().strip()
        named = server.get("/api/traces", authorization=f"Bearer {token}", host="box.lan")
        misnamed = server.get("/api/traces", authorization=f"Bearer {token}", host="evil.com")
        without = server.get("/api/traces")
        with_it = server.get("/api/traces", authorization=f"Bearer {token}")
        in_url = server.get(f"/api/traces?token={token}")
        assert server.stop() == 0

    assert (without.status_code, with_it.status_code, in_url.status_code) == (401, 200, 200)
    assert (named.status_code, misnamed.status_code) == (200, 403)
    assert stat.S_IMODE(server.token_file.stat().st_mode) == 0o600
    assert token not in server.output
    assert str(server.token_file) in server.output
    assert "not encrypted" in server.output


@needs_uids
def test_a_token_for_others_of_this_machine(recording: Recording) -> None:
    """With --token-file a program of another user can be let in; our own still needs none."""
    path = recording.path.with_name("secret")
    with Server(recording.path.parent, "--token-file", str(path)) as server:
        token = path.read_text().strip()

        assert server.get("/api/traces").status_code == 200
        assert server.get("/api/traces", authorization=f"Bearer {token}").status_code == 200
        assert server.get("/api/traces", authorization="Bearer wrong").status_code == 401


@needs_uids
def test_a_stop_ends_streams_in_order(recording: Recording) -> None:
    """At SIGTERM an open stream of events ends as an answer does, and the exit code is 0."""
    with (
        Server(recording.path.parent) as server,
        httpx.stream("GET", f"{server.url}/api/events", timeout=DEADLINE_SECONDS) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        recording.step(1, 2, name="second")
        data = next(line for line in lines if line.startswith('data: {"id"'))
        code = server.stop()
        list(lines)  # raises where the end of the answer is missing

    assert json.loads(data.removeprefix("data: "))["name"] == "second"
    assert code == 0


@needs_uids
def test_readers_that_do_not_read_hold_nothing(shared: Recording, server: Server) -> None:
    """Clients that take nothing of a large answer hold no view of the database."""
    session = shared.session("large")
    for order in range(1, 9):
        shared.step(session, order, input="x" * 1_000_000)
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
    for client in clients:
        client.sendall(b"GET /api/traces/large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"

    shared.step(session, 9)

    def is_emptied() -> bool:
        checkpoint = shared.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return bool(checkpoint.fetchone()[:2] == (0, 0))

    wait_until(is_emptied, "the write-ahead log to be emptied while clients are deaf")
    for client in clients:
        client.close()


@needs_uids
def test_a_hook_posted_is_seen_live(tmp_path: Path) -> None:
    """From the hook's post over the daemon to the stream of events, through three processes."""
    payload = {
        "session_id": "s1",
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "ls"},
        "tool_use_id": "t1",
    }
    with Daemon(tmp_path) as daemon, Server(tmp_path) as server:
        with httpx.stream("GET", f"{server.url}/api/events", timeout=DEADLINE_SECONDS) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "retry: 2000"
            posted = httpx.post(f"{server.url}/api/hooks/claude-code", json=payload)
            data = next(line for line in lines if line.startswith('data: {"id"'))
        health = server.get("/healthz")
        daemon.kill()
        ill = server.get("/healthz")

    assert (posted.status_code, posted.content) == (200, b"")
    assert json.loads(data.removeprefix("data: "))["call_id"] == "t1"
    assert (health.status_code, ill.status_code) == (200, 503)


@needs_uids
def test_a_port_in_use_is_told(tmp_path: Path, server: Server) -> None:
    """A second one on the same port ends at once with 1 and says what to do."""
    second = subprocess.run(
        [PYTHON, "-m", "traced", "web", "--port", str(server.port)],
        env=Server(tmp_path).environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )

    assert second.returncode == 1
    assert b"cannot listen on 127.0.0.1:%d" % server.port in second.stderr
    assert b"--port" in second.stderr
