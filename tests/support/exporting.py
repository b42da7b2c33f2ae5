"""Databases without a daemon: lines go in, exports come out and go in again."""

import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from support.store import NOW, Row, writer
from support.store import rows as found
from traced.backfill.exported import Export
from traced.backfill.told import Asked
from traced.core.capture import Capture, CaptureMode
from traced.core.event import Outcome
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.rejections import Rejections
from traced.core.wire import Control
from traced.export import jsonl
from traced.ingest.intake import Submission
from traced.ingest.translate import Translator
from traced.store.exporting import Wanted, rows
from traced.store.reader import open_reader
from traced.store.recorder import Recorder

Line = dict[str, Any]
# What each database numbers for itself, and when the export was made.
OWN = ("id", "revision", "exported_at")


class Recorded:
    """A database that keeps content as far as `mode` says."""

    def __init__(self, path: Path, mode: CaptureMode = "full", *, by_owner: bool = False) -> None:
        self.path = path
        self.connection = writer(path)
        self.recorder = Recorder(self.connection, by_owner=by_owner)
        self.capture = Capture(mode, Redactor())
        self.complaints: list[str] = []
        self.counts: list[tuple[int, int, int]] = []

    def take(
        self, lines: Iterable[bytes], *, now: int = NOW, peer_uid: int | None = None
    ) -> list[Outcome]:
        """Record lines as one batch; return what their senders would be told."""
        told = b"\n".join(line.rstrip(b"\n") for line in lines) + b"\n"
        items = Protocol(self.capture).receive_data(told)
        records = [item for item in items if not isinstance(item, Control)]
        translator = Translator(self.capture, Rejections(self.capture))
        submission = Submission(records, 0, now, peer_uid, lambda _outcomes: None)
        return self.recorder.append(translator.entries(submission, self.recorder.agents_of), now)

    def rows(self, query: str) -> list[Row]:
        """Return what a query finds."""
        return found(self.connection, query)

    def export(self, wanted: Wanted = Wanted()) -> list[bytes]:  # noqa: B008 - a tuple
        """Return the lines of an export."""
        with closing(open_reader(self.path)) as reader:
            return list(jsonl.lines(rows(reader, wanted), "0", "2026-11-22T14:00:00.000Z"))

    def import_(
        self, lines: Sequence[bytes], *, oldest_ms: int = 0, peer_uid: int | None = None
    ) -> list[Outcome]:
        """Give an export back; return what became of its rows."""
        export = Export(Asked(oldest_ms, self.complaints.append))
        told = [*export.read(map(json.loads, lines), None), *export.end()]
        self.counts.append((export.counts.sessions, export.counts.calls, export.counts.too_old))
        return self.take(told, peer_uid=peer_uid)

    def close(self) -> None:
        """Close it."""
        self.connection.close()


def columns(lines: Iterable[bytes]) -> list[Line]:
    """Return lines as objects, without what each database gives its rows itself."""
    found = [json.loads(line) for line in lines]
    return [{key: value for key, value in line.items() if key not in OWN} for line in found]


def ended(lines: list[Line]) -> list[Line]:
    """Return lines as they come back: what ran is of unknown end."""
    return [
        {**line, "status": "unknown"} if line.get("status") == "running" else line for line in lines
    ]


def row(kind: str, /, *, content: Any = None, **said: Any) -> bytes:
    """Return the line on the socket of a row of session s1 of the agent `custom`."""
    needed: dict[str, Line] = {
        "session": {},
        "agent": {"agent_id": "a1", "status": "ok"},
        "prompt": {"prompt_number": 1},
        "step": {
            "prompt_number": 0, "step_order": 1, "trace_type": "tool", "name": "Bash",
            "status": "ok", "created_at": NOW,
        },
    }  # fmt: skip
    whose = {"kind": kind, "agent": "custom", "session_id": "s1", "used_at": NOW}
    line = {"v": 1, "ack": True, "row": {**whose, **needed[kind], **said}, **(content or {})}
    return json.dumps(line).encode()
