import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import wait_until

from traced.streams import Aside

CLOSED_AT_START = """
import os, sys
from traced.streams import open_missing
open_missing()
print("out")
print("err", file=sys.stderr)
led = [os.readlink(f"/proc/self/fd/{number}") for number in range(3)]
sys.exit(led != ["/dev/null"] * 3 or sys.stdin.read() != "")
"""

LAST_WORDS = """
import sys
from traced.streams import put_stderr_aside
put_stderr_aside(print)
print("said", file=sys.stderr)
raise SystemError("last words")
"""


class Pipe:
    """A small pipe; what it takes is known, and read when the test wants it."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self.size = fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, 4096)

    def fill(self) -> None:
        """Leave no room."""
        os.write(self.writing, b"." * (self.size - 1) + b"\n")

    def read_until(self, end: bytes) -> bytes:
        """Read until this has come."""
        data = b""
        while end not in data:
            data += os.read(self.reading, 4096)
        return data


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Return a pipe that is closed afterwards, which also ends who is stuck in it."""
    made = Pipe()
    yield made
    os.close(made.reading)
    os.close(made.writing)


def unheard(lines: int) -> None:
    """Fail: nothing was to be told."""
    raise AssertionError(f"{lines} lines missing")


def test_what_is_read_arrives_in_order(pipe: Pipe) -> None:
    """And whole, though a write takes a part of it only."""
    aside = Aside(pipe.writing, unheard)
    lines = [b"%d " % number + b"x" * 100 + b"\n" for number in range(1000)]
    for line in lines:
        aside.write(line)

    assert pipe.read_until(lines[-1]) == b"".join(lines)
    assert aside.finish(30)


def test_what_does_not_fit_is_counted_and_told(pipe: Pipe) -> None:
    """As soon as what waited before it is read; what comes after that is written again."""

    def tell(lines: int) -> None:
        aside.write(b"missing: %d\n" % lines)

    pipe.fill()
    aside = Aside(pipe.writing, tell, waiting_bytes_max=10)
    for line in (b"one\n", b"two\n", b"three\n", b"4\n", b"5\n6\n"):
        aside.write(line)
    assert pipe.read_until(b"\n")[-1:] == b"\n"
    told = pipe.read_until(b"missing: 4\n")
    wait_until(lambda: not aside._waiting_bytes, "what was read to be settled")
    aside.write(b"seven\n")

    assert told + pipe.read_until(b"seven\n") == b"one\ntwo\nmissing: 4\nseven\n"
    assert aside.finish(30)


def test_a_line_beyond_the_bound_is_written_alone(pipe: Pipe) -> None:
    """The bound is for what waits."""
    aside = Aside(pipe.writing, unheard, waiting_bytes_max=10)
    aside.write(b"longer than ten bytes\n")

    assert pipe.read_until(b"\n") == b"longer than ten bytes\n"
    assert aside.finish(30)


def test_the_end_does_not_wait_for_a_reader_who_is_stuck(pipe: Pipe) -> None:
    """It waits so long as it is told to, and says that not all was written."""
    pipe.fill()
    aside = Aside(pipe.writing, unheard)
    aside.write(b"line\n")

    assert not aside.finish(0.01)
    pipe.read_until(b"line\n")
    assert aside.finish(30)


def test_a_descriptor_that_does_not_block_is_waited_for(pipe: Pipe) -> None:
    """Somebody who has the same pipe or terminal may have made it so."""
    pipe.fill()
    os.set_blocking(pipe.writing, False)
    aside = Aside(pipe.writing, unheard)
    aside.write(b"line\n")

    assert pipe.read_until(b"line\n").endswith(b".\nline\n")
    assert aside.finish(30)


def test_what_could_not_be_written_is_told_when_something_can(tmp_path: Path) -> None:
    """A disk is full for a while, and then is not."""

    def tell(lines: int) -> None:
        aside.write(b"missing: %d\n" % lines)

    descriptor = os.open("/dev/full", os.O_WRONLY)
    aside = Aside(descriptor, tell)
    aside.write(b"one\ntwo\n")
    wait_until(lambda: not aside._waiting_bytes, "the attempt")
    with (tmp_path / "log").open("wb") as log:
        os.dup2(log.fileno(), descriptor)
    aside.write(b"three\n")
    wait_until(lambda: b"missing" in (tmp_path / "log").read_bytes(), "the count")
    assert aside.finish(30)
    os.close(descriptor)

    assert (tmp_path / "log").read_bytes() == b"three\nmissing: 2\n"


def test_streams_that_are_closed_lead_nowhere() -> None:
    """Each is the null device; what reads and writes them needs to know nothing of it."""
    command = [sys.executable, "-c", CLOSED_AT_START]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    closing = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command]

    assert subprocess.run(closing, env=environment, check=False, timeout=30).returncode == 0


def test_last_words_are_heard() -> None:
    """A traceback goes the way of the log, after it, and the end waits for both."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", LAST_WORDS]
    ended = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=30)
    lines = ended.stderr.decode().splitlines()

    assert ended.returncode == 1
    assert (lines[0], lines[1][:9], lines[-1]) == ("said", "Traceback", "SystemError: last words")
    assert ended.stdout == b""
