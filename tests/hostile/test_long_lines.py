"""Lines of any length, of which a daemon holds little; TRACED_HOSTILE=long does more."""

import time
from collections.abc import Iterator

import pytest
from support.attack import LONG, MIB, attacked, connected, settings
from support.daemon import Daemon
from support.proc import needs_proc

pytestmark = [needs_proc, pytest.mark.timeout(600 if LONG else 120)]

LINE_BYTES_MAX = 65_536
GIANT_BYTES = 1024 * MIB if LONG else 64 * MIB
PIECE = b"x" * 65_536
SEND_SECONDS_MAX = 120.0
# Far less than the line, which is never held.
MEMORY_BYTES_MAX = 16 * MIB


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Return a daemon that takes lines of 64 KiB."""
    around = settings(line_bytes_max=LINE_BYTES_MAX)
    with Daemon(tmp_path_factory.mktemp("h") / "d", around=around) as daemon:
        yield daemon


def test_a_giant_line_ends_its_call_and_costs_no_memory(daemon: Daemon) -> None:
    """
    The step is ended without the content, a row has the line's length, its neighbours are stored.

    What is held of the line is its two ends, however long it is.
    """
    call = b'{"session_id":"giant","hook_event_name":"%b","tool_name":"Bash","tool_use_id":"t1",'
    head = call % b"PostToolUse" + b'"tool_input":{"command":"cat"},"tool_response":{"stdout":"'
    tail = b'"},"duration_ms":77}\n'
    start = call % b"PreToolUse" + b'"tool_input":{"command":"cat"}}\n'
    neighbour = b'{"session_id":"giant","trace_type":"tool","name":"after","agent":"claude-code"}\n'
    name = f"a line of {GIANT_BYTES // MIB} MiB"
    with (
        attacked(daemon, name, memory_bytes_max=MEMORY_BYTES_MAX),
        connected(daemon) as client,
    ):
        began = time.monotonic()
        client.sendall(start + head)
        for _ in range(GIANT_BYTES // len(PIECE)):
            client.sendall(PIECE)
        client.sendall(tail + neighbour + b'{"v":1,"control":"flush"}\n')
        assert b'"events":3' in client.recv(1000)
        assert time.monotonic() - began < SEND_SECONDS_MAX

    steps = daemon.steps(session_id="giant")
    assert [(step["name"], step["status"], step["duration_ms"]) for step in steps] == [
        ("Bash", "ok", 77.0),
        ("after", "ok", None),
    ]
    rejected = daemon.rows("rejected_events", session_id="giant")
    assert [(row["reason"], row["length"]) for row in rejected] == [
        ("too_long", len(head) + GIANT_BYTES + len(tail) - 1)
    ]


def test_many_giant_lines_at_once(daemon: Daemon) -> None:
    """Fifty that never end hold their two ends each, and go when their clients go."""
    with attacked(daemon, "50 endless lines", memory_bytes_max=MEMORY_BYTES_MAX):
        clients = [connected(daemon) for _ in range(50)]
        for _ in range(5):
            for client in clients:
                client.sendall(PIECE)
        for client in clients:
            client.close()


def test_the_bound_is_the_longest_line_that_is_taken(daemon: Daemon) -> None:
    """A line of exactly `line_bytes_max` is stored, one byte more is too long."""
    start = b'{"session_id":"bound","trace_type":"tool","name":"fits","input":"'
    fits = start + b"x" * (LINE_BYTES_MAX - len(start) - 2) + b'"}'
    assert len(fits) == LINE_BYTES_MAX
    daemon.send(fits, fits.replace(b"fits", b"fits1"), fits.replace(b"fits", b"FITS"))

    assert [step["name"] for step in daemon.steps(session_id="bound")] == ["fits", "FITS"]
    rejected = daemon.rows("rejected_events", session_id="bound")
    assert [(row["reason"], row["length"]) for row in rejected] == [
        ("too_long", LINE_BYTES_MAX + 1)
    ]
