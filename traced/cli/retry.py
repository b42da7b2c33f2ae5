"""
Rejected events once more: what can be read by now is handed to the daemon, as it was kept.

Law: a row goes only when the daemon has answered for its event. What cannot be read now either is
not sent, and its row stays as it is; so trying again costs nothing and gives the same answer.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from traced.client.connecting import connected
from traced.config import Config
from traced.core.capture import Capture
from traced.core.errors import NotRunning
from traced.core.event import Event, Rejected
from traced.core.protocol import Protocol
from traced.core.redact import Redactor
from traced.core.rejections import Rejections
from traced.core.wire import Control
from traced.ingest.intake import Record, Submission
from traced.ingest.translate import Translator
from traced.show.times import epoch_ms
from traced.store.rows import RejectedEvent

# Their acks fit the socket's buffer, so the daemon never waits for a client that is still sending.
SENT_MAX: Final = 100
ANSWER_SECONDS_MAX: Final = 30.0
NO_TEXT: Final = "its text was not kept"
# A line has one of these keys. What has none is a payload, unless it was refused as a line.
KINDS: Final = frozenset({"trace_type", "lifecycle", "payload", "row", "control"})
WHOLE_LINES: Final = frozenset({"unknown_kind", "version"})


class Refusal(msgspec.Struct, frozen=True):
    """An event that was not taken this time either, and why."""

    id: int
    reason: str
    detail: str


class Retried(msgspec.Struct):
    """What became of the rows: how many were settled each way, and what was refused again."""

    stored: int = 0
    duplicate: int = 0
    ignored: int = 0
    refused: list[Refusal] = []


class Answer(msgspec.Struct, frozen=True):
    """The daemon's ack."""

    status: str
    reason: str | None = None
    error: str | None = None


class Readable(msgspec.Struct, frozen=True):
    """A row whose event can be read now, and the line that brings it."""

    id: int
    line: bytes


def readable(event: RejectedEvent, config: Config) -> Readable | Refusal:
    """Return how an event is to be sent again, or why that would be of no use."""
    if event.raw is None or event.raw == "":
        return Refusal(event.id, event.reason, NO_TEXT)
    line = _line(event, event.raw)
    if line is None:  # nor will it ever be
        return Refusal(event.id, event.reason, event.detail or "")
    capture = Capture(config.capture, Redactor(config.redact_patterns))
    records: list[Record] = [
        item
        for item in Protocol(capture, line_bytes_max=config.line_bytes_max).receive_data(line)
        if not isinstance(item, Control)
    ]
    translator = Translator(capture, Rejections(capture))
    whole = Submission(records, 0, epoch_ms(event.received_at) or 0, None, lambda _outcomes: None)
    match translator.entries(whole, lambda unknown: dict.fromkeys(unknown, event.agent)):
        case [Event()]:
            return Readable(event.id, line)
        case [Rejected() as rejected]:
            return Refusal(event.id, rejected.reason, rejected.detail)
        case _:
            return Refusal(event.id, event.reason, "it is a control line, expected an event")


def send(places: Sequence[Path], waiting: Sequence[Readable], retried: Retried) -> None:
    """
    Hand events to the daemon, in order, and count in `retried` what it answers.

    Raises:
        NotRunning: If no daemon answers, or it stops to. What it has taken by then it will know
            again, by its event id.
    """
    try:
        with connected(places, ANSWER_SECONDS_MAX) as stream, stream.makefile("rb") as answers:
            for start in range(0, len(waiting), SENT_MAX):
                sent = waiting[start : start + SENT_MAX]
                stream.sendall(b"".join(each.line for each in sent))
                for each in sent:
                    _count(retried, each.id, _answer(answers.readline()))
    except OSError as error:
        raise NotRunning(f"no daemon answers: {error.strerror or error}") from error


def _line(event: RejectedEvent, text: str) -> bytes | None:
    """Return the line that brings the event: the kept one, or one around the kept payload."""
    try:
        kept = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(kept, dict):
        return None
    head: dict[str, object] = {"v": 1, "ack": True, "event_id": f"rejected-{event.id}"}
    head["sent_at"] = epoch_ms(event.received_at)
    if event.reason not in WHOLE_LINES and KINDS.isdisjoint(kept):
        said = {} if event.agent is None else {"agent": event.agent}
        kept = {**said, "payload": kept}
    return json.dumps({**head, **kept, "ack": True}, separators=(",", ":")).encode() + b"\n"


def _answer(line: bytes) -> Answer:
    if not line.endswith(b"\n"):
        raise ConnectionResetError(None, "it closed the connection")
    return msgspec.json.decode(line, type=Answer)


def _count(retried: Retried, row: int, answer: Answer) -> None:
    match answer.status:
        case "stored":
            retried.stored += 1
        case "duplicate":
            retried.duplicate += 1
        case "ignored":
            retried.ignored += 1
        case _:  # the daemon has made a new row of it, with this reason
            refusal = Refusal(row, answer.reason or "unknown", answer.error or "")
            retried.refused.append(refusal)
