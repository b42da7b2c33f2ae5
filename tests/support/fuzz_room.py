"""All that a line goes through, in this process: protocol, translator and store."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from support.fake_secrets import FAKES
from support.store import NOW, writer
from support.store_room import submission, translator
from traced.core.capture import Capture, CaptureMode
from traced.core.event import Event, Outcome, Rejected
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.wire import Control
from traced.store.recorder import Entry, Recorder

REASONS = {"not_json", "not_utf8", "not_object", "unknown_kind", "bad_field", "version"}
"""Why a mutated line may be rejected; any other reason would be our own fault."""

DETAIL = re.compile(
    r"[\w.]+ (is|has) .+, expected .+"  # a field, what was read, what was expected
    r"|(keys are .+|no keys), expected one of .+"
    r"|a key is there twice, first with a wrong value"
    r"|line is .+, expected .+"
    r"|byte \d+ is 0x[0-9A-F]{2}, expected UTF-8"
    r"|no JSON at byte \d+ of \d+|ends at byte \d+, before its JSON does|-?\w+ is not a JSON number"
    r"|\d+ bytes of JSON nested too deep to be read"
    r"|step_order .+"  # taken by another step
)
RAW_BYTES_MAX = 64 * 1024
SECRET_CHARS_MIN = 12
SECRETS = {
    piece.encode()
    for fake in FAKES
    if len(piece := max(fake.secret.split("\n"), key=len)) >= SECRET_CHARS_MIN
}


def is_blank(line: bytes) -> bool:
    """Tell whether a line holds nothing, as SPEC 3 has it."""
    return not line.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r")


class FuzzRoom:
    """A protocol, a translator and a recorder on a new database; what became of the lines."""

    def __init__(self, db: Path, mode: CaptureMode = "summary") -> None:
        self.db = db
        self.lines = 0
        self.controls = 0
        self.outcomes = Counter[str]()
        self.reasons = Counter[str]()
        self._mode = mode
        self._protocol = Protocol(Capture(mode, Redactor()))
        self._connection = writer(db)
        self._recorder = Recorder(self._connection)
        self._translator = translator(self._recorder.agents_of, mode)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def take(self, lines: Sequence[bytes], chunks: Sequence[bytes]) -> None:
        """Put `chunks`, which hold `lines` and their newlines, through everything; check it all."""
        items = [item for chunk in chunks for item in self._protocol.receive_data(chunk)]
        held = [line for line in lines if not is_blank(line)]
        assert len(items) == len(held), f"{len(held)} lines gave {len(items)} items"
        records = [item for item in items if not isinstance(item, Control)]
        entries = self._translator.entries(submission(records, received_at=NOW))
        for entry in entries:
            assert isinstance(entry, Event | Rejected)
        assert len(entries) == len(records)
        outcomes = self._recorder.append(entries, NOW)
        assert len(outcomes) == len(entries)
        for entry, outcome in zip(entries, outcomes, strict=True):
            _check(entry, outcome)
        self.lines += len(held)
        self.controls += len(items) - len(records)
        self.outcomes.update(outcome.status for outcome in outcomes)
        self.reasons.update(outcome.reason for outcome in outcomes if outcome.reason)

    def check(self) -> None:
        """Hold the database against what was told; nothing may be taken after this."""
        assert self.outcomes.total() + self.controls == self.lines
        rows = self._connection.execute(
            "SELECT reason, detail, raw FROM rejected_events"
        ).fetchall()
        assert Counter(reason for reason, _, _ in rows) == self.reasons
        assert all(detail for _, detail, _ in rows)
        assert self._mode != "metadata" or all(raw is None for _, _, raw in rows)
        assert self._connection.execute("PRAGMA foreign_key_check").fetchall() == []
        self._connection.close()
        written = b"".join(path.read_bytes() for path in self.db.parent.glob(self.db.name + "*"))
        leaks = [_around(written, secret) for secret in SECRETS if secret in written]
        assert not leaks, leaks


def _around(written: bytes, secret: bytes) -> bytes:
    at = written.index(secret)
    return written[max(0, at - 200) : at + len(secret) + 100]


def _check(entry: Entry, outcome: Outcome) -> None:
    assert outcome.status in {"stored", "duplicate", "ignored", "rejected"}
    if isinstance(entry, Rejected):
        assert outcome.status == "rejected"
        assert len(entry.raw or b"") <= RAW_BYTES_MAX
    if outcome.status == "rejected":
        assert outcome.reason in REASONS, outcome
        assert DETAIL.fullmatch(outcome.error or ""), outcome.error
