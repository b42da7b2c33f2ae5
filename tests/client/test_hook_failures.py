import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from traced.client import hook

PAYLOAD = b'{"session_id":"s1","hook_event_name":"Stop"}\n'
HANG_SECONDS = 60

Run = Callable[..., None]
Start = Callable[..., subprocess.Popen[bytes]]
Listen = Callable[..., list[bytes]]
Spooled = Callable[[], list[bytes]]


# --- no daemon, or a stuck one ----------------------------------------------------------------


def test_no_daemon(run_hook: Run, spooled: Spooled) -> None:
    """Without a daemon the spool holds the line that would have been sent."""
    run_hook(PAYLOAD, "--agent", "codex")
    (line,) = spooled()
    read = json.loads(line)
    assert read["agent"] == "codex"
    assert read["payload"] == {"session_id": "s1", "hook_event_name": "Stop"}


def test_dead_socket_leaves_no_marker(run_hook: Run, silent: socket.socket, spool: Path) -> None:
    """A socket that nobody listens on costs no time, so the next client tries it again."""
    silent.close()
    run_hook(PAYLOAD)
    assert [path.name for path in spool.parent.iterdir()] == ["spool"]


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("payload", [PAYLOAD, b'{"text":"%b"}' % (b"x" * (4 << 20))])
@pytest.mark.parametrize("limit", ["300", "soon", ""])
def test_deadline(run_hook: Run, spooled: Spooled, payload: bytes, limit: str) -> None:
    """A daemon that reads nothing holds a client to its deadline, by default 250 ms."""
    started = time.monotonic()
    run_hook(payload, f"--deadline-ms={limit}")
    assert 0.25 <= time.monotonic() - started < HANG_SECONDS / 3
    assert json.loads(spooled()[0])["payload"] == json.loads(payload)


def test_unanswered_event_keeps_its_id(run_hook: Run, listen: Listen, spooled: Spooled) -> None:
    """What is spooled after a missed deadline is the very line that was sent."""
    received = listen("sock", lambda _: None)
    run_hook(PAYLOAD, "--deadline-ms", "3000")
    assert spooled() == received


def test_marker_spares_the_next_client(
    run_hook: Run, silent: socket.socket, spooled: Spooled
) -> None:
    """After a missed deadline the next client spools without connecting."""
    run_hook(PAYLOAD, "--deadline-ms", "10")
    silent.accept()[0].close()
    run_hook(PAYLOAD)
    with pytest.raises(BlockingIOError):
        silent.accept()
    assert len(spooled()) == 2


def test_marker_is_private_and_outside(run_hook: Run, silent: socket.socket, spool: Path) -> None:
    """The marker is the user's alone and stands beside the spool, which holds only events."""
    run_hook(PAYLOAD, "--deadline-ms", "10")
    silent.close()
    assert [path.suffix for path in spool.iterdir()] == [".ndjson"]
    assert (spool.parent / "spool.stuck").stat().st_mode & 0o777 == 0o600


def test_marker_of_a_foreign_folder() -> None:
    """Where the folder of the spool is not ours to write in, the state folder has the marker."""
    marker = hook.marker_of("/nowhere/spool/")
    assert marker == hook.state_folder() + "/-nowhere-spool.stuck"


@pytest.mark.parametrize(("age_seconds", "received_count"), [(1, 0), (11, 1), (-3600, 1)])
def test_marker_expires(
    run_hook: Run, listen: Listen, spool: Path, age_seconds: int, received_count: int
) -> None:
    """A marker holds for 10 s; an older one, or one of a time to come, keeps nobody away."""
    spool.mkdir(parents=True)
    marker = spool.with_name("spool.stuck")
    marker.touch()
    os.utime(marker, (time.time() - age_seconds,) * 2)
    received = listen("sock")
    run_hook(PAYLOAD)
    assert len(received) == received_count


def test_signals_do_not_lose_it(start_hook: Start, listen: Listen, spooled: Spooled) -> None:
    """SIGTERM, SIGINT and SIGHUP to a client that waits for its ack lose nothing."""
    sent = threading.Event()
    received = listen("sock", lambda _: sent.set())
    with start_hook("--deadline-ms", "3000") as client:
        assert client.stdin
        client.stdin.write(PAYLOAD)
        client.stdin.close()
        assert sent.wait(HANG_SECONDS)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            client.send_signal(number)
        assert client.wait(HANG_SECONDS) == 0
    assert spooled() == received


# --- odd input, wrong usage -------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"\n", b" \r\n\t "])
def test_nothing_in_nothing_out(
    run_hook: Run, listen: Listen, spooled: Spooled, payload: bytes
) -> None:
    """An empty stdin is no event."""
    received = listen("sock")
    run_hook(payload)
    assert (received, spooled()) == ([], [])


def test_closed_stdin(spool: Path, spooled: Spooled) -> None:
    """A client without a stdin does nothing, quietly."""
    client = [sys.executable, "-ISE", hook.__file__, "--socket", "none", "--spool", str(spool)]
    without_stdin = ["/bin/sh", "-c", '"$@" <&-', "sh"]
    done = subprocess.run([*without_stdin, *client], capture_output=True, check=True)
    assert (done.stdout, done.stderr, spooled()) == (b"", b"", [])


def test_impatient_stdin(spool: Path, spooled: Spooled) -> None:
    """A stdin that was set not to block is waited for all the same."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    client = [sys.executable, "-ISE", hook.__file__, "--socket", "none", "--spool", str(spool)]
    with subprocess.Popen(client, stdin=reading) as process:
        while not os.get_blocking(reading):
            os.sched_yield()
        os.close(reading)
        os.write(writing, PAYLOAD)
        os.close(writing)
        assert process.wait(HANG_SECONDS) == 0
    assert len(spooled()) == 1


@pytest.mark.parametrize(
    "flags",
    [
        ["--no-such-flag", "stray", "-x", "--agent"],
        ["--deadline-ms", "9" * 5000],
        ["--deadline-ms=-1", "--event", "", "--agent=", "--help"],
    ],
)
def test_wrong_usage(run_hook: Run, spooled: Spooled, flags: list[str]) -> None:
    """Flags that make no sense are passed over: the event is kept."""
    run_hook(PAYLOAD, *flags)
    read = json.loads(spooled()[0])
    assert set(read) == {"v", "ack", "event_id", "sent_at", "payload"}


# --- an event that is lost --------------------------------------------------------------------


@pytest.mark.parametrize("where", ["file/spool", "file", "x" * 300])
def test_unwritable_spool(run_hook: Run, folder: Path, where: str) -> None:
    """Where neither daemon nor spool takes it, the client still ends quietly with 0."""
    (folder / "file").write_bytes(b"")
    run_hook(PAYLOAD, "--spool", str(folder / where))
    assert [path.name for path in folder.iterdir()] == ["file"]


@pytest.fixture
def syslog(folder: Path) -> socket.socket:
    """Listen where the log's own daemon would."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(folder / "log"))
    return receiver


def test_lost_event_is_told(folder: Path, syslog: socket.socket) -> None:
    """Syslog gets one line that names event and failure, at the first address that takes it."""
    failure = PermissionError(13, "Permission denied", "/var/spool/x\n")
    with syslog:
        hook.report_lost("0a1b", 44, failure, (str(folder / "none"), str(folder / "log")))
        line = syslog.recv(4096)
    assert line == (
        b"<11>traced-hook[%d]: lost event 0a1b of 44 bytes: "
        b"[Errno 13] Permission denied: '/var/spool/x\\n'" % os.getpid()
    )


def test_payload_stays_out_of_syslog(folder: Path, syslog: socket.socket) -> None:
    """Of an error that could quote the payload, syslog gets only the kind."""
    with syslog:
        hook.report_lost("0a1b", 44, ValueError("secret"), (str(folder / "log"),))
        line = syslog.recv(4096)
    assert line.endswith(b": lost event 0a1b of 44 bytes: ValueError")
