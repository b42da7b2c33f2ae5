"""A listener on a real socket in this process, whose intake the test empties by hand."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import anyio
from anyio.abc import SocketStream, UNIXSocketStream

from traced.core.capture import Capture
from traced.core.event import Outcome, Rejected
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.wire import NativeEvent
from traced.ingest.control import ControlDesk
from traced.ingest.endpoint import bound
from traced.ingest.figures import Figures
from traced.ingest.intake import Intake, Record, Submission
from traced.ingest.listener import Limits, Listener

DEADLINE_SECONDS = 20.0
MIB = 1 << 20


async def until(condition: Callable[[], bool], what: str) -> None:
    """Let the others go on until a condition holds; fail with `what` was waited for."""
    with anyio.move_on_after(DEADLINE_SECONDS):
        while not condition():
            await anyio.sleep(0.001)
        return
    raise AssertionError(f"waited {DEADLINE_SECONDS} s for {what}")


async def turns(count: int = 20) -> None:
    """Let the event loop turn, for what must not happen to have its chance to."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()
        await anyio.sleep(0.001)


def native(number: int, **more: object) -> bytes:
    """Return a native event as a line; its name tells its number."""
    event = {"session_id": "s", "trace_type": "tool", "name": f"n{number}"}
    return json.dumps({"v": 1} | more | event, separators=(",", ":")).encode() + b"\n"


def acked(number: int, **more: object) -> bytes:
    """Return a native event that asks for an ack."""
    return native(number, ack=True, event_id=f"e{number}", **more)


def control(word: str) -> bytes:
    """Return a control line."""
    return b'{"v":1,"control":"%b"}\n' % word.encode()


def names_in(folder: Path) -> set[str]:
    """Return what is in a folder."""
    return {path.name for path in folder.iterdir()}


def open_descriptors() -> int:
    """Return how many files and sockets this process holds."""
    return len(names_in(Path("/dev/fd")))


class Client:
    """One connection to a socket of this process."""

    def __init__(self, stream: SocketStream) -> None:
        self.stream = stream
        self._received = b""

    @property
    def raw(self) -> socket.socket:
        """The socket itself."""
        sock: socket.socket = self.stream.extra(anyio.abc.SocketAttribute.raw_socket)
        return sock

    async def send(self, *lines: bytes) -> Self:
        """Send bytes as they are."""
        with anyio.fail_after(DEADLINE_SECONDS):
            await self.stream.send(b"".join(lines))
        return self

    async def send_for_ever(self, lines: bytes) -> None:
        """Send the same again and again until the daemon closes the connection."""
        with suppress(anyio.BrokenResourceError):
            while True:
                await self.stream.send(lines)

    async def finish(self) -> Self:
        """Close the sending side."""
        await self.stream.send_eof()
        return self

    async def answer(self) -> dict[str, Any]:
        """Return the next line that is answered."""
        with anyio.fail_after(DEADLINE_SECONDS):
            while b"\n" not in self._received:
                self._received += await self.stream.receive()
        line, _, self._received = self._received.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def rest(self) -> bytes:
        """Return what is answered until the daemon closes the connection."""
        with anyio.fail_after(DEADLINE_SECONDS):
            while True:
                try:
                    self._received += await self.stream.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    return self._received

    async def is_closed(self) -> bool:
        """Wait until the daemon closes the connection; tell whether it did so without a word."""
        return await self.rest() == b""


class House:
    """What stands around a listener; `records` are those that the test took out of the intake."""

    def __init__(self, path: Path, intake: Intake, figures: Figures, listener: Listener) -> None:
        self.path = path
        self.intake = intake
        self.figures = figures
        self.listener = listener
        self.records: list[Record] = []
        self._taken: list[Submission] = []
        self._clients: list[UNIXSocketStream] = []

    async def client(self, *lines: bytes) -> Client:
        """Connect, and send these lines."""
        stream = await anyio.connect_unix(self.path)
        self._clients.append(stream)
        return await Client(stream).send(*lines)

    async def take(self, events: int) -> None:
        """Take so many events out of the intake, as the writer does before it commits."""
        wanted = len(self.records) + events
        with anyio.fail_after(DEADLINE_SECONDS):
            while len(self.records) < wanted:
                taken = await self.intake.take(wanted - len(self.records))
                self._taken += taken
                self.records += [record for each in taken for record in each.records]

    def settle(self) -> None:
        """Settle all that was taken, as the writer does after its commit."""
        taken, self._taken = self._taken, []
        outcomes = [[_outcome(record) for record in each.records] for each in taken]
        self.figures.committed([each for some in outcomes for each in some], 0.001)
        self.intake.settled(taken)
        for submission, some in zip(taken, outcomes, strict=True):
            submission.settle(some)

    async def settle_all(self) -> None:
        """Go on taking and settling what comes, until the block is cancelled."""
        while True:
            self._taken += await self.intake.take(1000)
            self.records += [record for each in self._taken for record in each.records]
            self.settle()

    @property
    def names(self) -> Sequence[str]:
        """The names of the native events that were taken, and the reasons of what was rejected."""
        return [
            record.name if isinstance(record, NativeEvent) else record.reason
            for record in self.records
            if isinstance(record, NativeEvent | Rejected)
        ]

    async def close(self) -> None:
        """Close the clients."""
        for stream in self._clients:
            await stream.aclose()


def _outcome(record: Record) -> Outcome:
    match record:
        case Rejected():
            return Outcome(status="rejected", event_id=record.event_id, reason=record.reason)
        case NativeEvent():
            return Outcome(status="stored", event_id=record.event_id)
        case _:
            return Outcome(status="stored")


@asynccontextmanager
async def house(
    folder: Path,
    *,
    intake_bytes_max: int = 32 * MIB,
    line_bytes_max: int = 8 * MIB,
    connections_max: int = 1000,
    partial_bytes_max: int = 32 * MIB,
    partial_seconds_max: float = 5,
    submission_events_max: int = 1000,
) -> AsyncIterator[House]:
    """Listen below `folder` for the length of the block."""
    figures = Figures()
    path = folder / "t.sock"
    intake = Intake(intake_bytes_max, lambda: listener.traffic.room_changed(), figures)  # noqa: PLW0108  # it is made below
    limits = Limits(connections_max, partial_bytes_max, partial_seconds_max, submission_events_max)
    capture = Capture("summary", Redactor())
    listener = Listener(
        intake,
        limits,
        lambda: Protocol(capture, line_bytes_max=line_bytes_max),
        ControlDesk("1.2.3", lambda: {"state": "ok"}, lambda _asked: {}).answer,
        lambda _uid: True,
    )
    with bound(path) as sock:
        listener.start(sock)
        one = House(path, intake, figures, listener)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listener.traffic.watch)
                yield one
                tasks.cancel_scope.cancel()
        finally:
            listener.close()
            await one.close()
