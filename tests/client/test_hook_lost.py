import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.hook_clients import SANITIZE, hook_client
from support.strace import needs_strace, strace
from support.syscalls import moments

from traced.client import hook
from traced.client.spool import parse_note_name

Command = tuple[str, ...]

PAYLOAD = b'{"session_id":"s1","hook_event_name":"Stop","text":"not to be told"}'
LARGE = b'{"text":"%b"}' % (b"x" * (8 << 20))
LOST = rb"<11>traced-hook\[\d+\]: lost event [0-9a-f]{32} of %d bytes: "
HANG_SECONDS = 60

needs_statm = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is bounded from what /proc tells of it"
)


@pytest.fixture
def syslog(folder: Path) -> socket.socket:
    """Listen where the log's own daemon would."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(folder / "log"))
    return receiver


def told(
    folder: Path, command: Sequence[str], payload: bytes, faults: Sequence[str] = ()
) -> set[bytes]:
    """Run a client without a daemon under strace; return what it told syslog, at any address."""
    trace = folder / "trace"
    calls = ["sendto", *(call for fault in faults for call in fault.partition(":")[0].split(","))]
    watched = strace(trace, calls, inject=faults, whole_data=True)
    places = ["--socket", str(folder / "none"), "--spool", str(folder / "spool")]
    done = subprocess.run(
        [*watched, *command, *places],
        input=payload,
        capture_output=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    begun = [call for what, call in moments(trace) if what == "begin"]
    return {call.data for call in begun if call.name == "sendto"}


# --- a spool that does not take it ------------------------------------------------------------


@needs_strace
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("write:error=ENOSPC", rb"\[Errno 28\] No space left on device"),
        ("write:error=EFBIG", rb"\[Errno 27\] File too large"),
        ("?rename,?renameat,?renameat2:error=EROFS", rb"\[Errno 30\] Read-only file system: "),
    ],
)
def test_failed_spool_is_told(client: Command, folder: Path, fault: str, why: bytes) -> None:
    """Syslog has one line with event, size and failure, and nothing of the payload."""
    (line,) = told(folder, client, PAYLOAD, [fault])
    assert re.match(LOST % len(PAYLOAD) + why, line)
    assert b"not to be told" not in line
    assert list((folder / "spool").glob("[0-9]*")) == []


@needs_strace
def test_lost_event_leaves_a_note(client: Command, folder: Path) -> None:
    """Where only the data found no room, an empty file counts the event; its name tells its id."""
    (line,) = told(folder, client, PAYLOAD, ["write:error=ENOSPC"])
    (note,) = (folder / "spool").iterdir()
    name = parse_note_name(note.name)
    assert name is not None
    assert f"lost event {name.event_id} of".encode() in line
    assert note.stat().st_size == 0


@needs_strace
@pytest.mark.parametrize("call", ["write", "?rename,?renameat,?renameat2"])
def test_killed_client_leaves_no_torn_file(client: Command, folder: Path, call: str) -> None:
    """Killed at any step of spooling, it leaves a hidden file, which no daemon reads."""
    watched = strace(folder / "trace", call.split(","), inject=[f"{call}:signal=KILL"])
    places = ["--socket", str(folder / "none"), "--spool", str(folder / "spool")]
    done = subprocess.run([*watched, *client, *places], input=PAYLOAD, check=False)
    assert done.returncode == -signal.SIGKILL
    (file,) = (folder / "spool").iterdir()
    assert file.name.startswith(".")


@needs_strace
def test_a_call_that_is_cut_short_goes_on(client: Command, folder: Path) -> None:
    """A write that a signal interrupts, or that takes one byte, is gone on with."""
    faults = ["write:error=EINTR:when=1", "write:retval=0:when=2"]
    assert told(folder, client, PAYLOAD, faults) == set()
    (file,) = (folder / "spool").iterdir()
    assert file.read_bytes().endswith(PAYLOAD + b"}\n")


@needs_strace
def test_an_event_has_an_id_without_entropy(client: Command, folder: Path) -> None:
    """Where the kernel gives no random bytes, an event still has an id, and is kept."""
    told(folder, client, PAYLOAD, ["getrandom:error=ENOSYS"])
    (file,) = (folder / "spool").iterdir()
    assert re.search(rb'"event_id":"[0-9a-f]{32}"', file.read_bytes())


@pytest.mark.parametrize("where", ["file/spool", "file", "x" * 300])
def test_unwritable_spool(client: Command, folder: Path, where: str) -> None:
    """Where neither daemon nor spool takes it, the client still ends quietly with 0."""
    (folder / "file").write_bytes(b"")
    command = [*client, "--socket", "none", "--spool", str(folder / where)]
    done = subprocess.run(command, input=PAYLOAD, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
    assert [path.name for path in folder.iterdir()] == ["file"]


# --- memory that is too small -----------------------------------------------------------------


def run_in_room(folder: Path, room_bytes: int) -> None:
    """Run the client in Python with so much memory above what it has taken when it begins."""
    code = (
        f"import resource, sys; sys.path.insert(0, {str(Path(hook.__file__).parent)!r}); "
        "import hook; taken = int(open('/proc/self/statm').read().split()[0]); "
        f"room = taken * resource.getpagesize() + {room_bytes}; "
        "resource.setrlimit(resource.RLIMIT_AS, (room, room)); "
        f"hook.SYSLOG_ADDRESSES = ({str(folder / 'log')!r},); hook.main()"
    )
    places = ["--socket", str(folder / "none"), "--spool", str(folder / "spool")]
    client = [sys.executable, "-ISE", "-c", code, *places]
    done = subprocess.run(client, input=LARGE, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def compiled_in_room(room_bytes: int) -> Command:
    """Return the words that start the client in C with so much memory in all."""
    if SANITIZE in os.environ:
        pytest.skip("a program that watches its memory needs terabytes of addresses")
    bounded = ("/bin/sh", "-c", 'ulimit -v "$0"; exec "$@"', str(room_bytes >> 10))
    return (*bounded, *hook_client("c"))


@needs_statm
@pytest.mark.parametrize("room_mib", [1, 3, 8])
def test_payload_beyond_memory_is_told(folder: Path, syslog: socket.socket, room_mib: int) -> None:
    """A payload that does not fit into memory is read to its end; syslog has its id and size."""
    with syslog:
        syslog.settimeout(HANG_SECONDS)
        run_in_room(folder, room_mib << 20)
        line = syslog.recv(4096)
    assert re.fullmatch(LOST % len(LARGE) + b"MemoryError", line)
    assert not (folder / "spool").exists()


@needs_strace
@pytest.mark.parametrize("room_mib", [4, 8])
def test_payload_beyond_memory_is_told_in_c(folder: Path, room_mib: int) -> None:
    """The same of the client in C, which needs less memory for itself."""
    (line,) = told(folder, compiled_in_room(room_mib << 20), LARGE)
    assert re.fullmatch(LOST % len(LARGE) + rb"\[Errno 12\] Cannot allocate memory", line)
    assert not (folder / "spool").exists()


@needs_statm
def test_payload_is_held_once(folder: Path) -> None:
    """Memory for one copy of the largest line, and a few megabytes to work in, is enough."""
    run_in_room(folder, 12 << 20)
    (file,) = (folder / "spool").iterdir()
    assert file.read_bytes().endswith(LARGE + b"}\n")


@needs_strace
def test_payload_is_held_once_in_c(folder: Path) -> None:
    """The same of the client in C: a copy, a quarter to grow, and what the C library takes."""
    assert told(folder, compiled_in_room(16 << 20), LARGE) == set()
    (file,) = (folder / "spool").iterdir()
    assert file.read_bytes().endswith(LARGE + b"}\n")


# --- what the client in Python says, to the letter --------------------------------------------


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
