"""
Lines to the daemon, and what it answers.

Law: what was sent and not answered may have been taken; sending it again is harmless, because it is
marked as imported. No more is on the way than the answers to it have room.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, Self

import msgspec
from msgspec import Struct

from traced.client.connecting import connected
from traced.core.errors import NotRunning

# Their acks fit the socket's buffer, so the daemon never waits for a client that is still sending.
SENT_MAX: Final = 250
# A line may be megabytes: of those, fewer are in memory at once.
SENT_BYTES_AIM: Final = 1024 * 1024
ANSWER_SECONDS_MAX: Final = 60.0


class Answer(Struct, frozen=True):
    """The daemon's ack of a line, as far as an import looks at it."""

    status: str
    reason: str | None = None
    error: str | None = None


class Taken(Struct):
    """What became of lines: `added` something, was `known` already, or `refused`, and why."""

    added: int = 0
    known: int = 0
    refused: int = 0
    first_refusal: str | None = None

    def add(self, more: "Taken") -> None:
        """Count what became of other lines, too."""
        self.added += more.added
        self.known += more.known
        self.refused += more.refused
        self.first_refusal = self.first_refusal or more.first_refusal


class Sender:
    """
    One connection to the daemon.

    Raises:
        NotRunning: From every method, if no daemon answers, or it stops to.
    """

    def __init__(self, places: Sequence[Path]) -> None:
        try:
            self._stream = connected(places, ANSWER_SECONDS_MAX)
        except OSError as error:
            raise _not_running(error) from error
        self._answers: BinaryIO = self._stream.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._stream.close()

    def send(self, lines: Iterable[bytes], taken: Taken) -> None:
        """Send lines that ask for acks, in order, and count what is answered."""
        for some in _slices(lines):
            try:
                self._stream.sendall(b"".join(some))
                for answer in self._answered(len(some)):
                    _count(taken, answer)
            except OSError as error:
                raise _not_running(error) from error

    def _answered(self, number: int) -> Iterator[Answer]:
        for _ in range(number):
            line = self._answers.readline()
            if not line.endswith(b"\n"):
                raise ConnectionResetError(None, "it closed the connection")
            yield msgspec.json.decode(line, type=Answer)


def _slices(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield what goes together: so many lines, or as few as hold so many bytes."""
    some: list[bytes] = []
    size = 0
    for line in lines:
        some.append(line)
        size += len(line)
        if len(some) >= SENT_MAX or size >= SENT_BYTES_AIM:
            yield some
            some, size = [], 0
    if some:
        yield some


def _count(taken: Taken, answer: Answer) -> None:
    match answer.status:
        case "stored":
            taken.added += 1
        case "duplicate" | "ignored":
            taken.known += 1
        case _:
            taken.refused += 1
            taken.first_refusal = taken.first_refusal or answer.error or answer.reason


def _not_running(error: OSError) -> NotRunning:
    return NotRunning(
        f"no daemon answers ({error.strerror or error}): start it with `traced run`, then import"
        " again; what is known already is not imported twice"
    )
