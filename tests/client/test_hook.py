import json
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.strace import needs_strace, strace
from support.syscalls import moments

from traced.client import hook

PAYLOAD = b'{"session_id":"s1","hook_event_name":"Stop"}\n'
REJECTED = b'{"event_id":null,"status":"rejected","session_id":null,"step_order":null}\n'
HANG_SECONDS = 60
IMPORT = f"import sys; sys.path.insert(0, {str(Path(hook.__file__).parent)!r}); import hook; "

Command = tuple[str, ...]
Run = Callable[..., None]
Start = Callable[..., subprocess.Popen[bytes]]
Listen = Callable[..., list[bytes]]
Spooled = Callable[[], list[bytes]]


def envelope(line: bytes) -> dict[str, Any]:
    """Return the one JSON object that `line` must be."""
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    read: dict[str, Any] = json.loads(line)
    return read


# --- what is sent -----------------------------------------------------------------------------


def test_envelope_carries_the_payload(run_hook: Run, listen: Listen) -> None:
    """The daemon gets one line: the payload in an envelope with what the client knows."""
    received = listen("sock")
    before_ms = time.time_ns() // 1_000_000
    run_hook(PAYLOAD, "--agent", "claude-code", "--event", "Stop", CLAUDE_PID="4242")
    read = envelope(received[0])
    assert before_ms <= read.pop("sent_at") <= time.time_ns() // 1_000_000
    assert len(read.pop("event_id")) == 32
    assert read == {
        "v": 1,
        "ack": True,
        "agent": "claude-code",
        "event": "Stop",
        "agent_pid": 4242,
        "payload": {"session_id": "s1", "hook_event_name": "Stop"},
    }


def test_unknown_is_left_out(run_hook: Run, listen: Listen) -> None:
    """Without flags and environment the envelope has no agent, event or agent_pid."""
    received = listen("sock")
    run_hook(PAYLOAD)
    assert set(envelope(received[0])) == {"v", "ack", "event_id", "sent_at", "payload"}


def test_line_begins_with_its_mark(run_hook: Run, listen: Listen) -> None:
    """A line begins with the bytes by which the daemon may answer what does not parse."""
    received = listen("sock")
    run_hook(PAYLOAD, "--agent", "codex")
    assert received[0].startswith(b'{"v":1,"ack":true')


def test_event_ids_sort_by_time(run_hook: Run, listen: Listen) -> None:
    """A later event has another event_id, which sorts after the earlier one's."""
    received = listen("sock")
    run_hook(PAYLOAD)
    run_hook(PAYLOAD)
    first, second = (envelope(line)["event_id"] for line in received)
    assert first < second


def test_many_lines_become_one(run_hook: Run, listen: Listen) -> None:
    """A payload over several lines becomes one line of equal value."""
    received = listen("sock")
    run_hook(b'{\r\n  "text": "a\\nb",\r\n  "list": [\n1,\n2]\n}\r\n\r\n')
    assert envelope(received[0])["payload"] == {"text": "a\nb", "list": [1, 2]}


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b" \n\n"])
def test_end_of_payload_does_not_matter(run_hook: Run, listen: Listen, end: bytes) -> None:
    """With or without a newline at its end, the payload closes the line."""
    received = listen("sock")
    run_hook(b"{}" + end)
    assert received[0].endswith(b',"payload":{}}\n')


def test_flags_are_quoted(run_hook: Run, listen: Listen) -> None:
    """Quotes, control characters and bytes that are not UTF-8 in a flag stay within its string."""
    received = listen("sock")
    run_hook(PAYLOAD, "--agent", 'a"b\\c\n\u00e9\U0001f600', "--event", "x\udcff")
    read = envelope(received[0])
    assert (read["agent"], read["event"]) == ('a"b\\c\n\u00e9\U0001f600', "x\udcff")


@pytest.mark.parametrize("pid", ["", "0", "-1", "12a", "\u0664\u0662", "9" * 5000])
def test_bad_agent_pid_is_left_out(run_hook: Run, listen: Listen, pid: str) -> None:
    """A CLAUDE_PID that is no process id is left out."""
    received = listen("sock")
    run_hook(PAYLOAD, CLAUDE_PID=pid)
    assert "agent_pid" not in envelope(received[0])


def test_a_flag_names_the_agents_process(run_hook: Run, listen: Listen) -> None:
    """An agent that was started by another knows whose the variable is."""
    received = listen("sock")
    run_hook(PAYLOAD, "--agent-pid", "77", CLAUDE_PID="4242")
    assert envelope(received[0])["agent_pid"] == 77


@pytest.mark.parametrize("megabytes", [8, 9])
def test_large_payload_arrives_whole(
    run_hook: Run, listen: Listen, spooled: Spooled, megabytes: int
) -> None:
    """A payload as large as the daemon's longest line, and one larger, are sent in full."""
    received = listen("sock")
    text = "x" * (megabytes << 20)
    run_hook(json.dumps({"text": text}).encode())
    assert envelope(received[0])["payload"] == {"text": text}
    assert spooled() == []


@pytest.mark.parametrize("garbage", [b"not json", b'{"cut":"off', b"\xff\xfe\x00", b"{}{}"])
def test_garbage_is_forwarded(
    run_hook: Run, listen: Listen, spooled: Spooled, garbage: bytes
) -> None:
    """What does not parse goes on as it is, and the daemon's rejection settles it."""
    received = listen("sock", lambda _: REJECTED)
    run_hook(garbage)
    assert received[0].endswith(b',"payload":' + garbage + b"}\n")
    assert spooled() == []


def test_twenty_at_once_arrive(start_hook: Start, listen: Listen) -> None:
    """Twenty clients at once hand over twenty events."""
    received = listen("sock")
    clients = [start_hook() for _ in range(20)]
    for number, client in enumerate(clients):
        assert client.stdin
        client.stdin.write(b'{"number":%d}' % number)
        client.stdin.flush()
    for client in clients:
        assert client.communicate(timeout=HANG_SECONDS) == (b"", b"")
    assert sorted(envelope(line)["payload"]["number"] for line in received) == list(range(20))


# --- what settles it --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [b"stored", b"duplicate", b"rejected", b"ignored"])
def test_ack_settles(
    run_hook: Run, listen: Listen, spooled: Spooled, ack: Callable[..., bytes], status: bytes
) -> None:
    """Each status of an ack means that the daemon has the event: nothing is spooled."""
    listen("sock", lambda line: ack(line, status))
    run_hook(PAYLOAD)
    assert spooled() == []


def test_long_ack_settles(
    run_hook: Run, listen: Listen, spooled: Spooled, ack: Callable[..., bytes]
) -> None:
    """An ack counts whole, be it longer than one read."""
    padding = b'{"padding":"' + b"x" * 9000 + b'",'
    listen("sock", lambda line: padding + ack(line)[1:])
    run_hook(PAYLOAD)
    assert spooled() == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b'{"control":null,"status":"error","error":"busy"}\n',
        b'{"event_id":"0","status":"stored"}\n',
        b'{"event_id":null,"status":"error"}\n',
        b"x" * 200_000,
    ],
)
def test_anything_else_is_spooled(
    run_hook: Run, listen: Listen, spooled: Spooled, answer: bytes
) -> None:
    """After a closed connection, or a line that is no ack of the event, the spool has it."""
    received = listen("sock", lambda _: answer)
    run_hook(PAYLOAD)
    assert spooled() == received


# --- where to ---------------------------------------------------------------------------------


def test_runtime_folder_first(run_hook: Run, listen: Listen, folder: Path) -> None:
    """Without a flag the socket in $XDG_RUNTIME_DIR is tried before the one in the state folder."""
    first = listen("run/traced/traced.sock")
    second = listen("state/traced/run/traced.sock")
    env = {"XDG_RUNTIME_DIR": str(folder / "run"), "XDG_STATE_HOME": str(folder / "state")}
    run_hook(PAYLOAD, paths=False, **env)
    assert (len(first), len(second)) == (1, 0)


@pytest.mark.parametrize("runtime", ["/nowhere", "relative", ""])
def test_state_folder_second(run_hook: Run, listen: Listen, folder: Path, runtime: str) -> None:
    """Where $XDG_RUNTIME_DIR has no daemon, or no absolute path, the state folder's is taken."""
    received = listen(".local/state/traced/run/traced.sock")
    run_hook(PAYLOAD, paths=False, XDG_RUNTIME_DIR=runtime, HOME=str(folder))
    assert len(received) == 1


def test_traced_variables(run_hook: Run, listen: Listen, folder: Path, spooled: Spooled) -> None:
    """TRACED_SOCKET and TRACED_SPOOL name the two paths."""
    received = listen("named", lambda _: b"")
    env = {"TRACED_SOCKET": str(folder / "named"), "TRACED_SPOOL": str(folder / "state/spool")}
    run_hook(PAYLOAD, paths=False, **env)
    assert spooled() == received


def test_default_spool(run_hook: Run, folder: Path) -> None:
    """Without a flag the spool is in the state folder, made private on the way."""
    run_hook(PAYLOAD, paths=False, HOME=str(folder))
    state = folder / ".local" / "state" / "traced"
    assert len(list((state / "spool").iterdir())) == 1
    assert state.stat().st_mode & 0o777 == 0o700


@needs_strace
def test_home_of_the_user_database(client: Command, listen: Listen, folder: Path) -> None:
    """Without HOME the state folder is under the home that the user database names."""
    received = listen("sock")
    watched = strace(folder / "trace", ("?access", "?faccessat", "?faccessat2"), whole_data=True)
    command = [*watched, *client, "--deadline-ms=30000", "--socket", str(folder / "sock")]
    subprocess.run(command, input=PAYLOAD, env={}, check=True)
    state = f"{pwd.getpwuid(os.getuid()).pw_dir}/.local/state/traced"
    assert len(received) == 1
    # Whether it may write there decides where the marker of a missed deadline would be.
    assert state in {call.path for _, call in moments(folder / "trace")}


def test_imports_next_to_nothing() -> None:
    """The client loads no module beyond the built-in ones but _socket: each costs its share."""
    before = "import sys; before = {*sys.modules, *sys.builtin_module_names}; "
    code = before + IMPORT + "print(*sorted({*sys.modules} - before))"
    done = subprocess.run([sys.executable, "-ISE", "-c", code], capture_output=True, check=True)
    assert set(done.stdout.split()) <= {b"_socket", b"hook"}
