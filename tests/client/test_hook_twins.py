import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hook_clients import CLIENTS, hook_client

from traced.client import hook

EXAMPLES = int(os.environ.get("TRACED_CLIENT_EXAMPLES", "40"))
READ_BYTES = 65_536  # what a client reads at a time: around it pieces are cut and joined

# Pieces of which a payload is made: those that a client changes, cuts or must leave alone.
PIECES = (
    *(b" ", b"\n", b"\r\n", b"\t", b" \n ", b"\v", b"\f", b"\x00", b"\x1c", b"\x85", b"\xa0"),
    *(b"{", b"}", b'"', b"\\", b"\\n", b'{"text":"a\\nb"}', b"\xff\xfe", b"\xed\xa0\x80"),
    *("é \u2028".encode(), b"x" * 100, b'"}\n', b"0"),
)
PAYLOADS = st.lists(
    st.tuples(
        st.sampled_from(PIECES) | st.binary(max_size=20),
        st.sampled_from([1, 1, 1, 2, 3, 700, READ_BYTES - 1, READ_BYTES]),
    ).map(lambda piece: piece[0] * min(piece[1], READ_BYTES // max(1, len(piece[0])) + 1)),
    max_size=8,
).map(b"".join)

# What argv and the environment can hold: any byte but NUL.
VALUES = st.binary(max_size=12).map(lambda value: value.replace(b"\x00", b"-"))
NAMES = st.sampled_from([b"--agent", b"--event", b"--x", b"--", b"-", b"stray"])
FLAGS = st.lists(
    NAMES
    | VALUES
    | st.builds(lambda name, value: name + b"=" + value, NAMES, VALUES)
    | st.text(max_size=6).map(lambda text: text.replace("\x00", "-").encode("utf-8", "ignore")),
    max_size=6,
).filter(
    # These say where to: that they are understood alike is told in test_hook.py.
    lambda flags: not any(re.match(rb"--(socket|spool|deadline)", flag) for flag in flags)
)
PIDS = st.sampled_from([b"", b"7", b"007", b"0", b"4194304", b"999999999", b"1000000000"]) | VALUES

OWN = re.compile(rb'"event_id":"[0-9a-f]{32}","sent_at":[0-9]{13}')


def spooled(name: str, payload: bytes, flags: list[bytes], pid: bytes) -> list[bytes]:
    """Return the lines that the client `name` spools, without what is its own."""
    with tempfile.TemporaryDirectory(prefix="twins-") as folder:
        places = ["--socket", f"{folder}/none", "--spool", f"{folder}/spool"]
        # What stands last counts: no flag before can take the spool's place.
        command = [*map(os.fsencode, hook_client(name)), *flags, *map(os.fsencode, places)]
        run = subprocess.run(
            command,
            input=payload,
            env={b"CLAUDE_PID": pid, b"LC_ALL": b"C.UTF-8"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")
        files = Path(folder).glob("spool/*")
        return [OWN.sub(b"<own>", file.read_bytes()) for file in files]


@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_its_own_is_found(name: str) -> None:
    """The id and the time of an envelope are where this file looks for them."""
    assert spooled(name, b"{}", [], b"7") == [
        b'{"v":1,"ack":true,<own>,"agent_pid":7,"payload":{}}\n'
    ]


BOUNDS = {"STUCK_SECONDS", "DIGITS_MAX", "DEADLINE_MS", "DEADLINE_MS_MAX"} | {
    f"{what}_BYTES{end}" for what, end in (("READ", ""), ("STDIN", "_MAX"), ("ANSWER", "_MAX"))
}


def test_bounds_are_the_same() -> None:
    """Every number that bounds a client is one number, written in two languages."""
    native = Path(hook.__file__).parent / "native"
    text = "".join(path.read_text("ascii") for path in sorted(native.iterdir()))
    found = re.findall(r"#define (\w+) \(?(?:\(size_t\))?(\d+)(?: << (\d+))?", text)
    numbers = {name: int(number) << int(shift or 0) for name, number, shift in found}
    assert {name: numbers[name] for name in BOUNDS} == {name: vars(hook)[name] for name in BOUNDS}


@settings(max_examples=EXAMPLES)
@given(payload=PAYLOADS, flags=FLAGS, pid=PIDS)
def test_same_in_same_out(payload: bytes, flags: list[bytes], pid: bytes) -> None:
    """For any stdin, flags and pid, the client in C hands over the bytes of the one in Python."""
    expected = spooled("python", payload, flags, pid)
    assert len(expected) == (1 if payload.strip(b" \t\r\n") else 0)
    assert spooled("c", payload, flags, pid) == expected
