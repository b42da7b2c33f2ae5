"""
Standard output: text for people, JSON for programs, and a reader who may have left.

Law: colour and other escape sequences go to a terminal only; whoever closes the pipe has read
enough, which is no failure; a full disk is one.
"""

import io
import os
import select
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from traced.cli.screen import Screen
from traced.core.errors import TracedError
from traced.show.escape import printable, printable_json

# Of output that is no terminal: wide enough for a session's columns, as pasted into a report.
PIPE_WIDTH: Final = 100
WIDTH_MIN: Final = 40


class Output:
    """Standard output for people; `screen` says what it can show."""

    def __init__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # The screen spells out what the encoding lacks; this is for the rest, as usage errors.
            sys.stdout.reconfigure(errors="backslashreplace")
        terminal = sys.stdout.isatty()
        self._console = Console(
            force_terminal=terminal, width=None if terminal else _pipe_width(), highlight=False
        )

    @property
    def screen(self) -> Screen:
        """What can be shown just now; a terminal's width may change."""
        return Screen(
            width=max(self._console.width, WIDTH_MIN),
            encoding=sys.stdout.encoding,
            now_ms=time.time_ns() // 1_000_000,
            home=os.path.expanduser("~"),  # noqa: PTH111 - a text to compare texts with
        )

    @property
    def can_update(self) -> bool:
        """Whether it is a terminal on which lines can be written over."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    @contextmanager
    def in_place(self) -> Iterator[Callable[[Iterable[Text]], None]]:
        """
        Give a function that shows lines in place of those that it showed before.

        Of more lines than the terminal has the last are shown. At the end they are gone.
        """
        with Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        ) as live:

            def update(lines: Iterable[Text]) -> None:
                shown = list(lines)[-max(self._console.height - 1, 1) :]
                text = Text("\n", no_wrap=True, overflow="crop").join(shown)
                live.update(text, refresh=True)

            yield update

    def print(self, lines: Iterable[Text]) -> None:
        """Print lines that fit the screen, and hand them over at once."""
        with _reader_may_leave():
            for line in lines:
                if self._console.is_terminal:
                    self._console.print(line, soft_wrap=True)
                else:
                    sys.stdout.write(f"{line.plain.rstrip()}\n")
            sys.stdout.flush()


def print_json(document: object) -> None:
    """Print one JSON document in one line, in UTF-8 and safe for a terminal."""
    text = printable_json(msgspec.json.encode(document).decode())
    with _reader_may_leave():
        sys.stdout.buffer.write(text.encode() + b"\n")
        sys.stdout.buffer.flush()


def print_pieces(pieces: Iterable[bytes]) -> None:
    """Print the pieces of a document, which are safe for a terminal already, as they come."""
    with _reader_may_leave():
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def complain(message: str) -> None:
    """Print a message for people to standard error, its own line breaks kept."""
    lines = "\n".join(printable(line) for line in message.split("\n"))
    encoding = sys.stderr.encoding
    typer.echo(lines.encode(encoding, "backslashreplace").decode(encoding), err=True)


def pause(seconds: float) -> None:
    """
    Wait; leave at once if nobody reads standard output any more.

    A pipe without a reader would be noticed at the next write alone, which may never come.
    """
    output = sys.stdout.fileno()
    mode = os.fstat(output).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        time.sleep(seconds)
        return
    poller = select.poll()
    poller.register(output, 0)
    if poller.poll(seconds * 1000):
        _leave()


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        _leave()
    except OSError as error:
        if error.filename is not None:  # of a file that was read, and not of this
            raise
        _give_up()
        problem = f"standard output cannot be written: {error.strerror or error}"
        raise TracedError(problem) from error


def _leave() -> None:
    _give_up()
    raise typer.Exit(0)


def _give_up() -> None:
    # What is still buffered goes nowhere, or the interpreter would complain of it at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _pipe_width() -> int:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) > 0 else PIPE_WIDTH
