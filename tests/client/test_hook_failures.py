import fcntl
import json
import os
import signal
import socket
import subprocess
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.strace import needs_strace, strace

PAYLOAD = b'{"session_id":"s1","hook_event_name":"Stop"}\n'
HANG_SECONDS = 60

Command = tuple[str, ...]
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
    run_hook(PAYLOAD, "--deadline-ms", "1500")
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


@needs_strace
@pytest.mark.usefixtures("silent")
def test_marker_of_a_foreign_folder(client: Command, folder: Path, spool: Path) -> None:
    """Where the folder of the spool is not ours to write in, the state folder has the marker."""
    fault = "?access,?faccessat,?faccessat2:error=EACCES"  # root may write anywhere
    watched = strace(
        folder / "trace",
        ("?access", "?faccessat", "?faccessat2"),
        inject=[fault],
        paths=[spool.parent],
    )
    where = ["--socket", str(folder / "sock"), "--spool", f"{spool}/", "--deadline-ms", "10"]
    state = {"XDG_STATE_HOME": str(folder / "mine")}
    subprocess.run([*watched, *client, *where], input=PAYLOAD, env=state, check=True)
    (marker,) = (folder / "mine" / "traced").iterdir()
    assert marker.name == str(spool).replace("/", "-") + ".stuck"
    assert len(list(spool.iterdir())) == 1


@pytest.mark.parametrize(
    ("age_seconds", "received_count"), [(1, 0), (11, 1), (-3600, 1), (-13_000_000_000, 1)]
)
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
    with start_hook("--deadline-ms", "1500") as client:
        assert client.stdin
        client.stdin.write(PAYLOAD)
        client.stdin.close()
        assert sent.wait(HANG_SECONDS)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            client.send_signal(number)
        assert client.wait(HANG_SECONDS) == 0
    assert spooled() == received


def test_interrupted_while_reading(start_hook: Start, listen: Listen, spool: Path) -> None:
    """SIGINT before stdin has come to its end ends the client as ever: nothing was handed over."""
    received = listen("sock")
    with start_hook() as client:
        assert client.stdin
        client.stdin.write(PAYLOAD)
        client.stdin.flush()
        while fcntl.ioctl(client.stdin, termios.FIONREAD, b"\0\0\0\0") != b"\0\0\0\0":
            os.sched_yield()  # until the client has read it
        client.send_signal(signal.SIGINT)
        assert client.wait(HANG_SECONDS) == 0
        assert client.stdout
        assert client.stderr
        assert (client.stdout.read(), client.stderr.read()) == (b"", b"")
    assert (received, spool.exists()) == ([], False)


# --- odd input, wrong usage -------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"\n", b" \r\n\t "])
def test_nothing_in_nothing_out(
    run_hook: Run, listen: Listen, spooled: Spooled, payload: bytes
) -> None:
    """An empty stdin is no event."""
    received = listen("sock")
    run_hook(payload)
    assert (received, spooled()) == ([], [])


def test_closed_stdin(client: Command, spool: Path, spooled: Spooled) -> None:
    """A client without a stdin does nothing, quietly."""
    command = [*client, "--socket", "none", "--spool", str(spool)]
    without_stdin = ["/bin/sh", "-c", '"$@" <&-', "sh"]
    done = subprocess.run([*without_stdin, *command], capture_output=True, check=True)
    assert (done.stdout, done.stderr, spooled()) == (b"", b"", [])


def test_impatient_stdin(client: Command, spool: Path, spooled: Spooled) -> None:
    """A stdin that was set not to block is waited for all the same."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    command = [*client, "--socket", "none", "--spool", str(spool)]
    with subprocess.Popen(command, stdin=reading) as process:
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


def test_unreadable_stdin_is_no_event(client: Command, spool: Path) -> None:
    """A stdin that is open only for writing hands over nothing, and nothing is lost."""
    command = [*client, "--spool", str(spool)]
    with Path(os.devnull).open("wb") as stdin:
        done = subprocess.run(command, stdin=stdin, capture_output=True, check=True)
    assert (done.stdout, done.stderr, spool.exists()) == (b"", b"", False)


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize("mask", [0, 0o777])
def test_the_umask_neither_opens_nor_closes_the_spool(
    client: Command, folder: Path, spool: Path, mask: int
) -> None:
    """Folders, event and marker are the user's alone, and the user can go on using them."""
    command = (*client, "--socket", str(folder / "sock"), "--spool", str(spool))
    subprocess.run(command, input=PAYLOAD, umask=mask, check=True)
    (file,) = spool.iterdir()
    made = (spool.parent, spool, file, spool.with_name("spool.stuck"))

    assert [path.stat().st_mode & 0o777 for path in made] == [0o700, 0o700, 0o600, 0o600]


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o3730, 0o640), (0o700, 0o600)])
def test_a_folder_that_a_group_drops_into_lets_the_group_read(
    run_hook: Run, spool: Path, folder_mode: int, file_mode: int
) -> None:
    """So can the daemon, which is another user there; everywhere else it is the user's alone."""
    spool.mkdir(parents=True)
    spool.chmod(folder_mode)
    run_hook(PAYLOAD)
    (file,) = spool.iterdir()

    assert file.stat().st_mode & 0o777 == file_mode
