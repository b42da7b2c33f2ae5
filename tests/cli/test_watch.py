import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator

import pytest
from support.rows import START, Recording

HANG_SECONDS = 60
UP = b"\x1b[1A"


class Watching:
    """A running `traced show --follow`, on a terminal of 12 lines or into a pipe."""

    def __init__(self, environment: dict[str, str], *words: str, terminal: bool) -> None:
        self.output, theirs = pty.openpty() if terminal else os.pipe()
        if terminal:
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "traced", "show", *words],
            env=environment | {"TERM": "xterm-256color"},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
        )
        os.close(theirs)
        self.written = b""

    def until(self, text: str) -> bytes:
        """Return what is written up to a text that comes, without it."""
        wanted = text.encode()
        while wanted not in self.written:
            assert self._read(), f"it has ended without {text!r}: {self.written!r}"
        before, _, self.written = self.written.partition(wanted)
        return before

    def stop(self) -> str:
        """Press Ctrl-C; return what is still written."""
        self.process.send_signal(signal.SIGINT)
        while self._read():
            pass
        self.process.wait(timeout=HANG_SECONDS)
        return self.written.decode()

    def _read(self) -> bool:
        assert select.select([self.output], [], [], HANG_SECONDS)[0], f"only {self.written!r} came"
        try:
            chunk = os.read(self.output, 65536)
        except OSError:  # EIO: the last writer has closed the terminal
            return False
        self.written += chunk
        return bool(chunk)


@pytest.fixture
def watching(environment: dict[str, str]) -> Iterator[Callable[..., Watching]]:
    """Start `traced show`; it is gone at the end."""
    started: list[Watching] = []

    def start(*words: str, terminal: bool) -> Watching:
        started.append(Watching(environment, *words, terminal=terminal))
        return started[-1]

    yield start
    for each in started:
        os.close(each.output)
        with each.process:
            each.process.kill()


def now_ms() -> int:
    """Return the time, in Unix milliseconds."""
    return time.time_ns() // 1_000_000


def test_a_terminal_shows_it_in_place(
    recording: Recording, watching: Callable[..., Watching]
) -> None:
    """What runs ticks, what comes is added, all written over what stood there; the end is whole."""
    pk = recording.session("s1", steps=1, started_at=START)
    running = recording.step(pk, 1, name="Slow", status="running", started_at=now_ms() - 5000)
    watched = watching("s1", "--follow", terminal=True)

    watched.until("Slow")
    watched.until("Slow")  # drawn again, as time goes on
    recording.change(running, status="ok", ended_at=now_ms(), duration_ms=5000)
    recording.prompt(pk, 2, summary="and now", started_at=START)
    before = watched.until("and now")
    for order in range(2, 30):
        recording.step(pk, order, prompt_number=2, name=f"Tool{order:02}", started_at=START)
    before += watched.until("Tool29")
    assert UP in before
    assert b"\n" * 12 not in before

    whole = watched.stop().rpartition("\x1b[2K")[2]  # after the last line that was wiped
    assert [f"Tool{order:02}" in whole for order in range(2, 30)] == [True] * 28
    assert "claude-code" in whole


def test_a_pipe_gets_lines_that_stay(
    recording: Recording, watching: Callable[..., Watching]
) -> None:
    """First what there is, as without --follow; then a line when a step starts and when it ends."""
    pk = recording.session("s1", steps=1, started_at=START)
    first = recording.step(pk, 1, name="First", status="running", started_at=START)
    other = recording.session("s2")
    watched = watching("s1", "-f", terminal=False)

    assert watched.until("First").startswith(b"claude-code\ns1\n")
    watched.until("\n")
    recording.step(other, 1, name="Elsewhere")
    second = recording.step(pk, 2, name="Second", status="running", started_at=START)
    between = watched.until("Second")
    recording.change(first, status="ok", ended_at=START + 1000, duration_ms=1000)
    between += watched.until("First")
    recording.change(second, status="ok", ended_at=START + 1000, duration_ms=1000)
    between += watched.until("Second")

    assert b"\x1b" not in between
    assert b"Elsewhere" not in between
    assert watched.stop().count("\n") == 1


def test_one_prompt_can_be_followed(
    recording: Recording, watching: Callable[..., Watching]
) -> None:
    """Of the others nothing is told."""
    pk = recording.session("s1", started_at=START)
    for number in (1, 2):
        recording.prompt(pk, number, summary=f"prompt {number}", started_at=START)
    watched = watching("s1", "2", "-f", terminal=False)

    watched.until("prompt 2")
    recording.step(pk, 1, name="Other", prompt_number=1)
    recording.step(pk, 2, name="Mine", prompt_number=2)
    assert b"Other" not in watched.until("Mine")


@pytest.mark.usefixtures("recording")
def test_json_is_of_one_moment(environment: dict[str, str]) -> None:
    """A document has an end: with --follow that is wrong usage, and says what to do instead."""
    done = subprocess.run(
        [sys.executable, "-m", "traced", "show", "last", "-f", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )

    assert done.returncode == 2
    assert "`traced tail --follow --json" in " ".join(done.stderr.split())
