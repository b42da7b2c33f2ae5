"""
From what a line holds to what it means.

Law: whatever an adapter does, its event is translated or rejected with a reason; the neighbours
go on. Redaction and summaries happen here, before anything is stored.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Final, assert_never

from msgspec import Raw

from traced.agents.detect import marked_agent
from traced.agents.fields import Payload, session_id_of
from traced.agents.registry import DEFAULT_AGENT, adapter_for
from traced.agents.shape import shaped
from traced.core.capture import Capture
from traced.core.errors import Malformed
from traced.core.event import Event, PromptEnded, PromptSubmitted, Rejected, StepChange
from traced.core.fault import fault
from traced.core.json_text import decode_json
from traced.core.rejections import Rejections
from traced.core.when import happened_at
from traced.core.wire import (
    Envelope,
    ExportedLine,
    HookPayload,
    LifeLine,
    NativeEvent,
    Salvaged,
    TooLong,
)
from traced.ingest import exported, native
from traced.ingest.intake import Record, Submission
from traced.store.recorder import Entry

# Session ids whose agent is known without asking the database.
SESSIONS_KNOWN_MAX: Final = 4096
ROOT_UID: Final = 0
# What stands around a payload that came without an envelope: nothing.
_BARE: Final = Envelope(payload=Raw(b"{}"))


class _AgentUnknown(Exception):
    """Nobody says whose session this is, unless the database does."""


class Translator:
    """
    Makes events of records.

    Of one translator no two threads use `translate` at the same time.
    """

    def __init__(self, capture: Capture, rejections: Rejections) -> None:
        self._capture = capture
        self._rejections = rejections
        self._agents: dict[str, str] = {}
        self._unknown: dict[str, None] = {}

    def translate(self, submission: Submission, entries: list[Entry | None]) -> list[str]:
        """
        Put one event or rejection for each record of a submission, in order, into `entries`.

        Begin with an empty list. Returns the session ids whose agents the caller has to `learn`
        before it gives the same list again: the entries of their events are still None.
        """
        records = submission.records
        if not entries:
            entries.extend([None] * len(records))
        self._unknown.clear()
        for number, record in enumerate(records):
            if entries[number] is not None:
                continue
            try:
                entry = self._entry(record, submission)
            except _AgentUnknown:
                continue
            if submission.origin is not None:
                _mark(entry, f"{submission.origin}:{submission.origin_number + number}")
            entries[number] = entry
        return list(self._unknown)

    def entries(
        self, submission: Submission, agents_of: Callable[[list[str]], Mapping[str, str | None]]
    ) -> list[Entry]:
        """Do all of that for a caller that can look agents up at once."""
        entries: list[Entry | None] = []
        while unknown := self.translate(submission, entries):
            self.learn(unknown, agents_of(unknown))
        return [entry for entry in entries if entry is not None]

    def learn(self, session_ids: Iterable[str], agents: Mapping[str, str | None]) -> None:
        """Take note of the agents that the database has for session ids, if any."""
        for session_id in session_ids:
            self._note(session_id, agents.get(session_id) or DEFAULT_AGENT)

    def _entry(self, record: Record, submission: Submission) -> Entry:
        try:
            entry = self._translate(record, submission)
        except Malformed as error:
            return self._refuse(record, error.reason, error.detail)
        except _AgentUnknown:
            raise
        except Exception as error:  # noqa: BLE001  # an adapter's fault costs its event alone
            return self._refuse(record, "adapter_error", f"{fault(error)}, while it was read")
        if isinstance(entry, Event) and entry.peer_uid is None:
            entry.peer_uid = submission.peer_uid
        return entry

    def _translate(self, record: Record, submission: Submission) -> Entry:
        now = submission.received_at
        match record:
            case NativeEvent() | LifeLine() | ExportedLine():
                return self._ours(record, submission)
            case Envelope():
                payload = _object(decode_json(bytes(record.payload)))
                event = self._hook(payload, record, record.event, now)
                event.agent_pid = record.agent_pid
                if record.imported:
                    event.imported = True
                    event.event_id = record.event_id  # a hook that comes later is no second one
                if record.prompt_number is not None:
                    _number(event, record.prompt_number)
                return event
            case HookPayload():
                return self._hook(_object(decode_json(record.payload)), _BARE, None, now)
            case TooLong():
                return self._too_long(record, now)
            case Rejected():
                return record
            case _:
                assert_never(record)

    def _ours(self, record: NativeEvent | LifeLine | ExportedLine, submission: Submission) -> Event:
        now, peer_uid = submission.received_at, submission.peer_uid
        match record:
            case NativeEvent():
                return native.event(record, now, self._capture)
            case LifeLine():
                return native.life(record, now, self._capture)
            case ExportedLine():
                trusted = peer_uid in {ROOT_UID, os.geteuid()}
                return exported.event(record, peer_uid, self._capture, trusted=trusted)
            case _:
                assert_never(record)

    def _hook(
        self,
        payload: Payload,
        around: Envelope | Salvaged,
        said_event: str | None,
        now: int,
    ) -> Event:
        payload = shaped(payload)
        event_name = payload.get("hook_event_name") or said_event
        if not isinstance(event_name, str):
            raise Malformed(
                "bad_field", "hook_event_name is missing, expected the name of the hook's event"
            )
        session_id = session_id_of(payload)
        agent = self._agent(marked_agent(event_name, payload) or around.agent, session_id)
        adapter = adapter_for(agent)
        at = happened_at(payload.get("timestamp"), around.sent_at, now)
        cwd = payload.get("cwd")
        changes = adapter.changes(event_name, payload, at, self._capture)
        derived_id = None
        if around.event_id is None or adapter.runs_others_hooks:
            derived_id = adapter.event_id(event_name, payload)
        self._note_agent(session_id, agent, recorded=bool(changes))
        return Event(
            agent=agent,
            session_id=session_id,
            at=at,
            changes=changes,
            event_id=around.event_id or derived_id,
            known_by=derived_id if adapter.runs_others_hooks else None,
            cwd=self._capture.label(cwd) if isinstance(cwd, str) else None,
            model=self._capture.optional_label(adapter.model(event_name, payload)),
        )

    def _agent(self, said: str | None, session_id: str) -> str:
        agent = said or self._agents.get(session_id)
        # Behind one that waits for its agent nothing of its session is translated: each event may
        # change whose the next is.
        if agent is None or session_id in self._unknown:
            self._unknown[session_id] = None
            raise _AgentUnknown
        return agent

    def _note_agent(self, session_id: str, agent: str, *, recorded: bool) -> None:
        # Of an event that keeps nothing no agent is recorded either; and an answer of the database
        # holds until one is.
        if not recorded:
            self._agents.pop(session_id, None)
        elif session_id not in self._agents:
            self._note(session_id, agent)

    def _note(self, session_id: str, agent: str) -> None:
        if len(self._agents) >= SESSIONS_KNOWN_MAX:
            self._agents.clear()
        self._agents[session_id] = agent

    def _too_long(self, record: TooLong, now: int) -> Rejected:
        """Reject a line that was too long; what shows of a call's end is applied all the same."""
        rejected, salvaged = record.rejected, record.salvaged
        if salvaged is not None:
            payload = _object(decode_json(salvaged.payload))
            event = self._hook(payload, salvaged, None, now)
            event.agent_pid = salvaged.agent_pid
            rejected.salvaged = event
        return rejected

    def _refuse(self, record: Record, reason: str, detail: str) -> Rejected:
        match record:
            case Envelope():
                line = bytes(record.payload)
                said = {"agent": record.agent, "event_id": record.event_id}
            case HookPayload():
                line = record.payload
                said = {}
            case NativeEvent() | LifeLine() | ExportedLine():
                line = b""
                said = {
                    "agent": record.agent,
                    "event_id": record.event_id,
                    "session_id": record.session_id,
                }
            case TooLong():  # what was saved of it is no use, but why it was refused still holds
                return record.rejected
            case Rejected():
                return record
            case _:
                assert_never(record)
        known: dict[str, object] = {**said, **({"payload": _readable(line)} if line else {})}
        return self._rejections.reject(reason, detail, line, known)


def _number(event: Event, prompt_number: int) -> None:
    """Put an event under a prompt by its number: the agent gave its prompts no ids."""
    for change in event.changes:
        if isinstance(change, StepChange | PromptSubmitted | PromptEnded):
            change.prompt_number = prompt_number


def _mark(entry: Entry, origin: str) -> None:
    """Let a record of the spool be known if it is met again: killed, the daemon reads it twice."""
    entry.origin = origin
    if isinstance(entry, Event) and entry.event_id is None:
        entry.event_id = f"spool:{origin}"


def _readable(payload: bytes) -> object:
    try:
        value = decode_json(payload)
    except Malformed:
        return None
    return shaped(value) if isinstance(value, dict) else value


def _object(value: object) -> Payload:
    if not isinstance(value, dict):
        raise Malformed("bad_field", f"payload is {type(value).__name__}, expected an object")
    return value
