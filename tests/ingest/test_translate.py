import json
from pathlib import Path

import pytest
from msgspec import Raw
from support.store_room import Translating, protocol, records, submission, translator

from traced.core.capture import CaptureMode
from traced.core.event import Event, PromptEnded, Rejected, StepChange
from traced.core.wire import Envelope, TooLong
from traced.ingest import native, translate
from traced.store.recorder import Entry

NOW = 1_800_000_000_000


def entries(*lines: object, by: Translating | None = None) -> list[Entry]:
    """Return what lines mean; a line that is no bytes is written as JSON."""
    encoded = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    return (by or translator()).entries(submission(records(*encoded), received_at=NOW))


def one_event(line: object, by: Translating | None = None) -> Event:
    """Return the event that a line means."""
    (entry,) = entries(line, by=by)
    assert isinstance(entry, Event)
    return entry


def one_rejection(line: object, by: Translating | None = None) -> Rejected:
    """Return the rejection that a line means."""
    (entry,) = entries(line, by=by)
    assert isinstance(entry, Rejected)
    return entry


def stop(**more: object) -> dict[str, object]:
    """Return a hook payload that any agent could have sent."""
    return {"hook_event_name": "Stop", "session_id": "s", **more}


def test_every_record_has_its_entry_in_order() -> None:
    """Events and rejections come out as they went in."""
    step = {"v": 1, "session_id": "s", "trace_type": "tool", "name": "n"}
    kinds = [type(entry) for entry in entries(step, b"garbage", stop(), {"v": 9, "name": 1})]

    assert kinds == [Event, Rejected, Event, Rejected]


def test_events_bear_who_sent_them() -> None:
    """The uid of the peer comes from the kernel, through the submission."""
    assert one_event(stop()).peer_uid == 1000


def test_what_comes_from_the_spool_is_known_by_its_place() -> None:
    """Without an id, its own or one that the agent's payload gives, its place is its id."""
    lines = (
        b'{"v":1,"session_id":"s","trace_type":"tool","name":"n"}',
        b'{"v":1,"session_id":"s","lifecycle":"prompt"}',
        b'{"v":1,"payload":{"hook_event_name":"Stop","session_id":"s"}}',
        b'{"v":1,"session_id":"s","trace_type":"tool","name":"n","event_id":"own"}',
        b'{"hook_event_name":"Stop","session_id":"s"}',
        b"garbage",
    )
    spooled = submission(records(*lines))
    spooled.origin, spooled.origin_number = "f.ndjson", 10
    *events, refused = translator().entries(spooled)

    assert [each.event_id for each in events] == [
        *("spool:f.ndjson:10", "spool:f.ndjson:11", "spool:f.ndjson:12"),
        *("own", "spool:f.ndjson:14"),
    ]
    assert (refused.event_id, refused.origin) == (None, "f.ndjson:15")


def test_a_bare_payload_happened_when_it_came() -> None:
    """Nobody told another time."""
    event = one_event(stop())

    assert (event.at, event.event_id, event.agent_pid) == (NOW, None, None)
    assert event.changes == (PromptEnded(None),)


def test_an_envelope_says_when_and_by_whom() -> None:
    """Its event id, time and process beat what would be derived."""
    event = one_event(
        {"v": 1, "event_id": "e", "sent_at": NOW - 9, "agent_pid": 7, "payload": stop()}
    )

    assert (event.event_id, event.at, event.agent_pid) == ("e", NOW - 9, 7)


def test_an_envelope_names_the_hook_where_the_payload_does_not() -> None:
    """The payload's own name beats it."""
    named = {"v": 1, "event": "SessionEnd", "payload": {"session_id": "s"}}
    both = {"v": 1, "event": "SessionEnd", "payload": stop()}

    assert type(one_event(named).changes[0]).__name__ == "SessionEnded"
    assert type(one_event(both).changes[0]).__name__ == "PromptEnded"


def test_a_payload_without_a_name_is_rejected() -> None:
    """Nobody knows what happened."""
    rejected = one_rejection(
        {"v": 1, "agent": "a", "event_id": "e", "payload": {"session_id": "s"}}
    )

    assert rejected.reason == "bad_field"
    assert rejected.detail.startswith("hook_event_name is missing")
    assert (rejected.agent, rejected.session_id, rejected.event_id) == ("a", "s", "e")


PRE: dict[str, object] = {"hook_event_name": "preToolUse"}


@pytest.mark.parametrize(
    ("agent", "payload"),
    [
        ("cursor", PRE | {"cursor_version": "2", "conversation_id": "s"}),
        ("copilot-cli", PRE | {"sessionId": "s"}),
        ("opencode", {"hook": "tool.execute.before", "input": {"sessionID": "s"}}),
    ],
)
def test_a_rejection_names_the_session_wherever_its_agent_does(
    agent: str, payload: dict[str, object]
) -> None:
    """A call that lacks its tool is still one of a session."""
    rejected = one_rejection({"v": 1, "agent": agent, "payload": payload})

    assert (rejected.reason, rejected.agent, rejected.session_id) == ("bad_field", agent, "s")


def test_a_payload_without_a_session_is_rejected() -> None:
    """What came is kept, and whose it is as far as it shows."""
    rejected = one_rejection(b'{"hook_event_name":"Stop","token":"AKIAIOSFODNN7EXAMPLE"}')

    assert rejected.reason == "bad_field"
    assert rejected.session_id is None
    assert rejected.raw is not None
    assert b"AKIA" not in rejected.raw


def test_sessions_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the number of sessions."""
    monkeypatch.setattr(translate, "SESSIONS_KNOWN_MAX", 10)
    by = translator()
    for number in range(100):
        one_event(stop(session_id=f"s{number}"), by)

    assert len(by.translator._agents) <= 10


def test_an_error_of_an_adapter_rejects_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told by type and place, with what came; the neighbours go on."""

    def fail(*_args: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(translate, "happened_at", fail)
    step = {"v": 1, "session_id": "s", "trace_type": "tool", "name": "n"}
    first, second = entries(step, stop())

    assert isinstance(first, Event)
    assert isinstance(second, Rejected)
    assert second.reason == "adapter_error"
    assert second.detail.startswith("ZeroDivisionError at test_translate.py:")
    assert second.session_id == "s"


@pytest.mark.parametrize("line", ["native", "life"])
def test_an_error_with_a_native_line_rejects_it(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose it is, is told from what was read of it."""

    def fail(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(native, "happened_at", fail)
    more = {"trace_type": "tool", "name": "n"} if line == "native" else {"lifecycle": "prompt"}
    said = {"v": 1, "session_id": "s", "agent": "a", "event_id": "e", "sent_at": 1}
    rejected = one_rejection({**said, **more})

    assert rejected.reason == "adapter_error"
    assert (rejected.agent, rejected.session_id, rejected.event_id) == ("a", "s", "e")


def too_long_end() -> bytes:
    """Return the end of a call, too long for a protocol that takes 8 KiB."""
    payload = {
        "session_id": "s", "hook_event_name": "PostToolUse", "tool_name": "Bash",
        "tool_response": "x" * 60_000, "tool_use_id": "toolu_1", "duration_ms": 12,
    }  # fmt: skip
    return json.dumps({"v": 1, "event_id": "e", "agent_pid": 7, "payload": payload}).encode()


def read_too_long(by: Translating) -> Rejected:
    """Return what becomes of such a line."""
    (record,) = protocol(line_bytes_max=8192).receive_data(too_long_end() + b"\n")
    assert isinstance(record, TooLong)
    (entry,) = by.entries(submission([record]))
    assert isinstance(entry, Rejected)
    return entry


def test_of_a_line_that_is_too_long_the_end_of_its_call_is_saved() -> None:
    """It is rejected, and ends its step all the same."""
    rejected = read_too_long(translator())
    saved = rejected.salvaged

    assert rejected.reason == "too_long"
    assert saved is not None
    assert (saved.event_id, saved.agent_pid) == ("e", 7)
    (change,) = saved.changes
    assert isinstance(change, StepChange)
    assert (change.call_id, change.duration_ms) == ("toolu_1", 12)


def test_what_is_saved_and_cannot_be_read_leaves_the_rejection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Why the line was refused still holds."""

    def fail(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(translate, "happened_at", fail)
    rejected = read_too_long(translator())

    assert rejected.reason == "too_long"
    assert rejected.salvaged is None


@pytest.mark.parametrize("mode", ["summary", "full", "metadata"])
def test_no_secret_leaves_in_any_mode(mode: CaptureMode) -> None:
    """What an event or a rejection holds is redacted, whatever is captured."""
    secret = "AKIAIOSFODNN7EXAMPLE"
    call = {"tool_name": "Bash", "tool_use_id": "t", "tool_input": {"command": f"echo {secret}"}}
    by = translator(mode=mode)
    lines = (
        stop() | call | {"hook_event_name": "PreToolUse"},
        {"hook_event_name": "PreToolUse", "session_id": 5} | call,
        {"v": 1, "session_id": "s", "trace_type": "tool", "name": "n", "input": secret},
    )

    assert secret not in repr(entries(*lines, by=by))


def test_all_recorded_payloads_are_understood() -> None:
    """Nothing that a real agent was seen to send is rejected."""
    folder = Path(__file__).parents[1] / "fixtures"
    by = translator()
    lines = [
        line
        for file in sorted(folder.rglob("*.jsonl"))
        if not file.name.endswith(".meta.jsonl")
        for line in file.read_bytes().splitlines()
        if b'"hook_event_name"' in line
    ]

    assert len(lines) > 10
    assert [each.detail for each in entries(*lines, by=by) if isinstance(each, Rejected)] == []


def test_an_envelope_around_no_object_costs_itself() -> None:
    """The protocol lets none through; if one comes all the same, it is rejected."""
    (entry,) = translator().entries(submission([Envelope(payload=Raw(b"[1]"))]))

    assert isinstance(entry, Rejected)
    assert entry.detail == "payload is list, expected an object"
