"""
Where the time of an event goes: read, split, decode, map, load, order, insert, commit.

The daemon's own parts run in one thread here, one after the other, on chunks and batches as it
makes them, each with its CPU time; the daemon itself runs in the same round. What it takes more is
the loop, the hops between threads and their waiting for the interpreter. Of what mapping takes,
reading the payloads and looking for secrets are measured once more, by themselves.
"""

import argparse
import socket
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

from benchmarks.kinds import lines_of
from benchmarks.load import Load
from benchmarks.measure import print_table, save, spread, told
from benchmarks.server import Server
from traced.core.capture import Capture
from traced.core.json_text import decode_json
from traced.core.lines import LineSplitter
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.rejections import Rejections
from traced.core.wire import LINE_BYTES_MAX, Control, Envelope
from traced.ingest.inlet import READ_BYTES_MAX
from traced.ingest.intake import Submission
from traced.ingest.translate import Translator
from traced.store import recorder, write
from traced.store.database import STATEMENTS_CACHED_MAX, prepare
from traced.store.gather import gather
from traced.store.recorder import Entry, Recorder

BATCH_EVENTS = 2000  # as batch_events_max is by default
KINDS = ("native", "envelope")
PARTS = ("read", "split", "decode", "map", "load", "order", "insert", "commit")

P = ParamSpec("P")
T = TypeVar("T")
Figures = dict[str, list[float]]


class Clock:
    """Adds up the CPU seconds of this thread by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def time(self, part: str) -> Iterator[None]:
        """Count what the block takes for a part."""
        began = time.thread_time()
        yield
        self.seconds[part] += time.thread_time() - began

    def timed(self, part: str, function: Callable[P, T]) -> Callable[P, T]:
        """Return the function, counted for a part."""

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.time(part):
                return function(*args, **kwargs)

        return call


class _Noting(Redactor):
    """Keeps the texts that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def text(self, text: str, /) -> str:
        self.texts.append(text)
        return super().text(text)


class _Connection(sqlite3.Connection):
    """Tells what its commits take apart from all else."""

    clock: Clock

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:  # noqa: ANN401  # as there
        if sql != "COMMIT":
            return super().execute(sql, *parameters)
        with self.clock.time("commit"):
            return super().execute(sql)


def main() -> None:
    """Run the rounds, print the tables, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    costs: dict[str, Figures] = {kind: defaultdict(list) for kind in KINDS}
    for _ in range(options.rounds):
        for kind in KINDS:
            with tempfile.TemporaryDirectory(prefix="traced-bench-") as name:
                parts = measured_parts(Path(name) / "parts.db", kind, options.events)
                parts["all of them"] = sum(parts.values())
                parts |= _parts_of_map(kind, options.events)
                parts["the daemon"] = _daemon(Path(name) / "d", kind, options.events)
            for part, seconds in parts.items():
                costs[kind][part].append(seconds / options.events * 1e6)
    rows = [[part, *(told(costs[kind][part]) for kind in KINDS)] for part in costs["native"]]
    print_table("Breakdown, µs CPU per event", ["part", *KINDS], rows)
    save(
        "breakdown",
        {
            "events": options.events,
            "cpu_us_per_event": {
                kind: {part: spread(values) for part, values in of.items()}
                for kind, of in costs.items()
            },
        },
    )


def measured_parts(db: Path, kind: str, events: int) -> dict[str, float]:
    """Return the CPU seconds of each part for so many events of a kind."""
    clock = Clock()
    data = b"".join(lines_of(kind, events))
    connection = sqlite3.connect(
        db, isolation_level=None, cached_statements=STATEMENTS_CACHED_MAX, factory=_Connection
    )
    connection.clock = clock
    with (
        closing(connection),
        patch.object(recorder, "gather", clock.timed("load", gather)),
        patch.object(write, "batch", clock.timed("insert", write.batch)),
        patch.object(write, "seen", clock.timed("insert", write.seen)),
    ):
        prepare(connection, db, "power")
        _record(clock, Recorder(connection), data)
    seconds = clock.seconds
    seconds["decode"] -= seconds["split"]
    seconds["order"] -= seconds["load"] + seconds["insert"] + seconds["commit"]
    return {part: seconds[part] for part in PARTS}


def _record(clock: Clock, to: Recorder, data: bytes) -> None:
    capture = Capture("summary", Redactor())
    translator = Translator(capture, Rejections(capture))
    protocol = Protocol(capture)
    splitter = LineSplitter(LINE_BYTES_MAX)
    waiting: list[Entry] = []
    for chunk in _read(clock, data):
        with clock.time("split"):
            for lines in splitter.feed(chunk):
                assert isinstance(lines, bytes)
                lines.split(b"\n")
        with clock.time("decode"):  # it splits them again, which is taken off in the end
            items = protocol.receive_data(chunk)
        records = [item for item in items if not isinstance(item, Control)]
        now = time.time_ns() // 1_000_000
        submission = Submission(records, len(chunk), now, 0, lambda _outcomes: None)
        waiting += _mapped(clock, translator, to, submission)
        while len(waiting) >= BATCH_EVENTS:
            _append(clock, to, waiting[:BATCH_EVENTS])
            del waiting[:BATCH_EVENTS]
    _append(clock, to, waiting)


def _read(clock: Clock, data: bytes) -> Iterator[bytes]:
    """Yield the chunks of data, each read from a socket into one shared buffer."""
    buffer = memoryview(bytearray(READ_BYTES_MAX))
    sender, receiver = socket.socketpair()
    with sender, receiver:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * READ_BYTES_MAX)
        for start in range(0, len(data), READ_BYTES_MAX):
            sender.sendall(data[start : start + READ_BYTES_MAX])
            with clock.time("read"):
                chunk = bytes(buffer[: receiver.recv_into(buffer)])
            yield chunk


def _mapped(
    clock: Clock, translator: Translator, to: Recorder, submission: Submission
) -> list[Entry]:
    entries: list[Entry | None] = []
    while True:
        with clock.time("map"):
            unknown = translator.translate(submission, entries)
        if not unknown:
            return [entry for entry in entries if entry is not None]
        translator.learn(unknown, to.agents_of(unknown))


def _append(clock: Clock, to: Recorder, entries: list[Entry]) -> None:
    with clock.time("order"):  # what it takes besides loading, inserting and the commit
        to.append(entries, time.time_ns() // 1_000_000)


def _parts_of_map(kind: str, events: int) -> dict[str, float]:
    """Return the CPU seconds for the payloads of these events, and for the texts looked through."""
    noting = _Noting()
    capture = Capture("summary", noting)
    records = [
        item
        for item in Protocol(capture).receive_data(b"".join(lines_of(kind, events)))
        if not isinstance(item, Control)
    ]
    submission = Submission(records, 0, time.time_ns() // 1_000_000, 0, lambda _outcomes: None)
    Translator(capture, Rejections(capture)).entries(submission, dict.fromkeys)
    clock = Clock()
    with clock.time("of map: payloads"):
        for record in records:
            if isinstance(record, Envelope):
                decode_json(bytes(record.payload))
    redactor = Redactor()
    with clock.time("of map: secrets"):
        for text in noting.texts:
            redactor.text(text)
    return clock.seconds


def _daemon(folder: Path, kind: str, events: int) -> float:
    """Return the CPU seconds of the daemon for the same events."""
    with Server(folder) as server, Load(server.socket, kind, events) as load:
        cpu = server.cpu()
        load.go()
        load.done()
        server.wait_for(events)
        return server.cpu() - cpu


if __name__ == "__main__":
    main()
