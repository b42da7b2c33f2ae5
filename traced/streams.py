"""
The standard streams: there from the first moment, and written without waiting for their readers.

Law: who does not read loses lines, and is told how many when it reads again; it costs nobody time.

`logging.handlers.QueueListener` is a thread behind a queue too, but its `stop` waits for the stream
without end, fails where the queue is full, and nobody hears what `QueueHandler` did not take.
"""

import atexit
import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

# Some thousand lines of the log.
WAITING_BYTES_MAX: Final = 1 << 20
# At the end of the program, for a reader that is slow; one that reads needs a millisecond.
FINISH_SECONDS_MAX: Final = 1.0


def open_missing() -> None:
    """
    Open the null device as each standard stream that the starter of this process closed.

    Otherwise the next socket or file would get its number, and be read or written in its place.
    """
    for number, name, mode in (0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w"):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # as the lowest number that is free, which is this one
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


class Aside(io.RawIOBase):
    """
    Writes to a descriptor in a thread of its own; what is written here never waits.

    `tell` is called in that thread with the number of lines that were not written, once others are.
    """

    def __init__(
        self,
        descriptor: int,
        tell: Callable[[int], None],
        waiting_bytes_max: int = WAITING_BYTES_MAX,
    ) -> None:
        self._descriptor = descriptor
        self._tell = tell
        self._waiting_bytes_max = waiting_bytes_max
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0  # that which is being written included
        self._missing_lines = 0
        self._finishing = False
        self._changed = threading.Condition()
        # A daemon's: where it is stuck, the program ends without it.
        self._thread = threading.Thread(target=self._run, name=f"stream {descriptor}", daemon=True)
        self._thread.start()

    def write(self, data: bytes, /) -> int:  # type: ignore[override]  # Buffer is 3.12's
        """Take it, or drop it where too much waits: then all, until what waits is written."""
        size = len(data)
        if not size:
            return 0
        with self._changed:
            room = self._waiting_bytes_max - self._waiting_bytes
            if self._waiting_bytes and (self._missing_lines or size > room):
                self._missing_lines += data.count(b"\n")
            else:
                self._waiting.append(bytes(data))
                self._waiting_bytes += size
                self._changed.notify()
        return size

    def finish(self, seconds_max: float) -> bool:
        """Wait up to `seconds_max` until all is written; tell whether it is. Nothing may follow."""
        with self._changed:
            self._finishing = True
            self._changed.notify()
        self._thread.join(seconds_max)
        return not self._thread.is_alive()

    def writable(self) -> bool:
        """Say that it is."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Tell whether the descriptor is a terminal's."""
        return os.isatty(self._descriptor)

    def _run(self) -> None:
        missing_lines = 0
        while data := self._next():
            is_written = self._write_whole(data)
            if not is_written:
                missing_lines += data.count(b"\n")
            with self._changed:
                self._waiting_bytes -= len(data)
                if self._waiting:
                    continue
                missing_lines += self._missing_lines
                self._missing_lines = 0
            if is_written and missing_lines:
                told, missing_lines = missing_lines, 0
                self._tell(told)

    def _next(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._finishing)
            return self._waiting.popleft() if self._waiting else b""

    def _write_whole(self, data: bytes) -> bool:
        # By number: a stuck write through `sys.stderr` would hold its lock, which the interpreter
        # needs at its end.
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:  # somebody who has it too made it so
                select.select([], [self._descriptor], [])
            except OSError:  # a closed pipe or terminal, a full disk
                return False
        return True


def put_stderr_aside(tell: Callable[[int], None]) -> None:
    """
    From now on nothing that is written to `sys.stderr` waits: the log, a complaint, a traceback.

    Only the program's end does, for at most `FINISH_SECONDS_MAX`. For `tell` see `Aside`.
    """
    before = sys.stderr
    aside = Aside(before.fileno(), tell)
    sys.stderr = io.TextIOWrapper(
        aside, encoding=before.encoding, errors="backslashreplace", write_through=True
    )

    def finish() -> None:
        if aside.finish(FINISH_SECONDS_MAX):
            sys.stderr = before

    atexit.register(finish)


def greet(text: str) -> None:
    """Hand a line or more to standard output; nobody waits for it, and nothing fails with it."""
    aside = Aside(sys.stdout.fileno(), _nobody)
    aside.write(f"{text}\n".encode(sys.stdout.encoding, "backslashreplace"))
    aside.finish(0)


def _nobody(_lines: int) -> None:
    """Tell nobody: an unread greeting does not matter."""
